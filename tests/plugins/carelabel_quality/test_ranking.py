"""Metrics of probabilities against pairs counted one by one."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from carelabel_quality import ranking

ROWS = np.random.default_rng(3)
CLASSES = np.array(["ant", "bee", "cow"])
Y = CLASSES[ROWS.integers(0, 3, 40)]
P = (
    ROWS.integers(0, 4, size=(40, 3)) + np.eye(3)[ROWS.integers(0, 3, 40)]
)  # few values, so that there are ties and zeros
P /= P.sum(axis=1, keepdims=True)
DRAWN = ROWS.integers(0, 40, size=(30, 40))


def area_by_pairs(positive: Any, score: Any) -> Any:
    """Share of pairs of a positive and a negative row in the right order, ties counted half."""
    pairs = list(product(score[positive], score[~positive]))
    return sum(1.0 if up > down else 0.5 if up == down else 0.0 for up, down in pairs) / len(pairs)


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    wanted = np.mean([area_by_pairs(name == Y, P[:, k]) for k, name in enumerate(CLASSES)])
    assert ranking.roc_auc(Y, P, classes=CLASSES) == pytest.approx(wanted, abs=1e-12)


def test_the_area_of_a_published_example() -> None:
    """The example of Hanley and McNeil 1982, table I: ratings 1 to 5 of 58 normal and 51 abnormal patients, 0.893."""
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    score = np.repeat([*range(1, 6), *range(1, 6)], [*normal, *abnormal]).astype(float)
    truth = np.repeat(["normal", "sick"], [58, 51])
    assert ranking.roc_auc(truth, score, classes=np.array(["normal", "sick"])) == pytest.approx(0.893, abs=5e-4)


def test_of_two_classes_the_second_column_counts() -> None:
    truth = np.array([0, 0, 1, 1])
    scores = np.array([0.1, 0.4, 0.35, 0.8])
    table = np.c_[1 - scores, scores]
    assert ranking.roc_auc(truth, table, classes=np.array([0, 1])) == pytest.approx(0.75)
    assert ranking.roc_auc(truth, scores, classes=np.array([0, 1])) == pytest.approx(0.75)
    assert ranking.roc_auc(truth, 10 * scores - 3, classes=np.array([0, 1])) == pytest.approx(0.75)


def test_classes_without_rows_take_no_part() -> None:
    some = Y != "cow"
    wanted = np.mean([area_by_pairs(Y[some] == name, P[some, k]) for k, name in enumerate(["ant", "bee"])])
    assert ranking.roc_auc(Y[some], P[some], classes=CLASSES) == pytest.approx(wanted, abs=1e-12)


def test_one_class_alone_has_no_area() -> None:
    with pytest.raises(ValueError, match="needs rows of at least two classes"):
        ranking.roc_auc(np.array(["ant", "ant"]), P[:2], classes=CLASSES)
    found = ranking.roc_auc.on_resamples(np.array(["ant", "ant"]), P[:2], np.array([[0, 1]]), classes=CLASSES)
    assert np.isnan(found).all()


def test_scores_that_are_no_scores_of_the_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="3 classes need a score each, got 2 a row"):
        ranking.roc_auc(Y, P[:, :2], classes=CLASSES)


def test_log_loss_is_the_mean_surprise() -> None:
    names = CLASSES.tolist()
    surprise = [-math.log(max(row[names.index(name)], 2.0**-52)) for name, row in zip(Y, P, strict=True)]
    assert ranking.log_loss(Y, np.maximum(P, 0), classes=CLASSES) == pytest.approx(np.mean(surprise), rel=1e-9)


def test_log_loss_takes_the_columns_in_the_order_of_the_classes() -> None:
    turned = ranking.log_loss(Y, P[:, ::-1], classes=CLASSES[::-1])
    assert turned == pytest.approx(ranking.log_loss(Y, P, classes=CLASSES), rel=1e-12)


def test_float32_probabilities_of_zero_cost_the_same_as_float64_ones() -> None:
    hard = np.where(P.max(axis=1, keepdims=True) == P, 1.0, 0.0)
    hard /= hard.sum(axis=1, keepdims=True)
    wide = ranking.log_loss(Y, hard, classes=CLASSES)
    assert ranking.log_loss(Y, hard.astype(np.float32), classes=CLASSES) == pytest.approx(wide, rel=1e-6)


def test_log_loss_refuses_a_class_that_the_model_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"must be one the model knows, got \['dog'\]"):
        ranking.log_loss(np.array(["ant", "dog"]), P[:2], classes=CLASSES)


@pytest.mark.parametrize("figure", [ranking.roc_auc, ranking.log_loss], ids=["roc-auc", "log-loss"])
def test_on_resamples_it_is_the_figure_of_each_resample(figure: Any) -> None:
    found = figure.on_resamples(Y, P, DRAWN, classes=CLASSES)
    wanted = [figure(Y[rows], P[rows], classes=CLASSES) for rows in DRAWN]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
