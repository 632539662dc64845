"""Tests whose figures stand beside a curve or a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn import metrics

from carelabel.data.rows import DataSet, Rows
from carelabel.plugin.interfaces import Predictions, ScoreContext
from carelabel_quality.curves import corners, roc_curve
from carelabel_quality.matrices import confusion_matrix, per_class
from tests.factories import make_data, make_model

if TYPE_CHECKING:
    from numpy.typing import NDArray


def context(
    true: Any, labels: Any, probabilities: Any = None, classes: tuple[Any, ...] = (), resamples: int = 200
) -> ScoreContext:
    answers = Predictions(labels=np.asarray(labels), probabilities=probabilities)
    rows = Rows(array=np.zeros((len(true), 1)))
    return ScoreContext(
        candidate="original",
        task="classification",
        facts=make_model(classes=classes),
        test=DataSet(rows=rows, target=np.asarray(true), groups={}, facts=make_data(rows=len(true))),
        train=None,
        predictions=answers,
        original=answers,
        resamples=resamples,
        seed=0,
    )


TRUE = ["a"] * 4 + ["b"] * 4 + ["c"] * 2
FOUND = ["a", "a", "a", "b", "a", "b", "b", "c", "c", "c"]


def test_the_matrix_counts_true_by_predicted() -> None:
    (found,) = confusion_matrix(context(TRUE, FOUND))
    assert found.detail == {
        "type": "matrix",
        "rows": "true",
        "columns": "predicted",
        "classes": ["a", "b", "c"],
        "values": [[3, 1, 0], [1, 2, 1], [0, 0, 2]],
    }
    assert found.value == pytest.approx(0.3)
    assert found.n == 10
    low, high = found.interval
    assert low < 0.3 < high


def test_rare_classes_of_a_large_matrix_are_counted_together() -> None:
    (found,) = confusion_matrix(context(TRUE, FOUND), classes_shown=2)
    assert found.detail["classes"] == ["a", "b", "(other)"]
    assert found.detail["values"] == [[3, 1, 0], [1, 2, 1], [0, 0, 2]]
    assert "the 2 classes with the most rows of 3" in found.method
    (found,) = confusion_matrix(context(TRUE, FOUND), classes_shown=1)
    assert found.detail["values"] == [[3, 1], [1, 5]]


def test_figures_of_each_class() -> None:
    figures = {(item.quantity, item.at["class"]): item for item in per_class(context(TRUE, FOUND))}
    values = {key: item.value for key, item in figures.items()}
    assert values == {
        ("precision", "a"): pytest.approx(3 / 4),
        ("precision", "b"): pytest.approx(2 / 3),
        ("precision", "c"): pytest.approx(2 / 3),
        ("recall", "a"): pytest.approx(3 / 4),
        ("recall", "b"): pytest.approx(2 / 4),
        ("recall", "c"): pytest.approx(1.0),
        ("f1", "a"): pytest.approx(3 / 4),
        ("f1", "b"): pytest.approx(4 / 7),
        ("f1", "c"): pytest.approx(4 / 5),
    }
    assert figures["recall", "c"].n == 2
    low, high = figures["recall", "b"].interval
    assert 0 <= low < 0.5 < high <= 1


def test_numbers_stay_numbers_as_keys() -> None:
    figures = list(per_class(context([0, 1], [0, 1])))
    assert {item.at["class"] for item in figures} == {0, 1}
    assert {item.at["class"] for item in per_class(context([True, False], [True, False]))} == {"True", "False"}


def test_a_model_without_an_error_has_intervals_that_say_what_other_rows_may_still_bring() -> None:
    true = ["a"] * 60 + ["b"] * 40
    (rate,) = confusion_matrix(context(true, true))
    assert rate.value == 0.0
    assert rate.interval == (0.0, pytest.approx(1 - 0.025 ** (1 / 100)))
    found = {(item.quantity, item.at["class"]): item for item in per_class(context(true, true))}
    for name in ("precision", "recall"):
        assert found[name, "a"].interval == (pytest.approx(0.025 ** (1 / 60)), 1.0)
        assert found[name, "b"].interval == (pytest.approx(0.025 ** (1 / 40)), 1.0)
    assert found["f1", "a"].interval is None
    assert "no interval" in found["f1", "a"].method


def test_one_row_gives_figures_without_intervals() -> None:
    measured = [*confusion_matrix(context(["a"], ["a"])), *per_class(context(["a"], ["a"]))]
    assert {item.value for item in measured} == {0.0, 1.0}
    assert {item.interval for item in measured} == {None}


def test_the_curve_of_an_example_by_hand() -> None:
    """Scores 0.8 and 0.35 of the class, 0.4 and 0.1 of the others: up, right, up, right."""
    scores = np.array([0.1, 0.4, 0.35, 0.8])
    found = list(roc_curve(context([0, 0, 1, 1], [0, 0, 0, 1], np.c_[1 - scores, scores], (0, 1))))
    assert [item.at for item in found] == [{"class": 1}]
    assert found[0].value == pytest.approx(0.75)
    assert found[0].detail["x"] == [0.0, 0.0, 0.5, 0.5, 1.0]
    assert found[0].detail["y"] == [0.0, 0.5, 0.5, 1.0, 1.0]


def test_a_long_curve_is_thinned_and_keeps_its_ends_and_its_area() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 2, 4000)
    scores = np.clip(0.3 * true + rng.normal(0.4, 0.2, 4000), 0, 1)
    (found,) = roc_curve(context(true, true, np.c_[1 - scores, scores], (0, 1), resamples=20))
    x, y = np.array(found.detail["x"]), np.array(found.detail["y"])
    assert len(x) == len(y) <= 100
    assert (x[0], y[0], x[-1], y[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert np.dot(np.diff(x), (y[1:] + y[:-1]) / 2) == pytest.approx(found.value, abs=0.005)


def test_what_a_thinned_curve_leaves_out_lies_as_near_as_its_detail_says() -> None:
    rng = np.random.default_rng(2)
    true = rng.integers(0, 2, 2000)
    scores = 0.3 * true + rng.normal(0.4, 0.2, 2000)
    x, y, _ = metrics.roc_curve(true == 1, scores)
    for most, bound in ((len(x), 0.005), (6, 0.2)):
        kept, apart = corners(x, y, most)
        assert len(kept) <= min(most, 60)
        nearest = [_distance((a, b), x[kept], y[kept]) for a, b in zip(x, y, strict=True)]
        assert max(nearest) <= apart + 1e-12 <= bound + 1e-12
    (found,) = roc_curve(context(true, true, np.c_[1 - scores, scores], (0, 1), resamples=20))
    assert 0.0 < found.detail["left_out_within"] <= 0.005


def _distance(point: tuple[float, float], x: NDArray[Any], y: NDArray[Any]) -> float:
    """From a point to the nearest piece of a line."""
    ends = np.column_stack([x, y])
    begin, step = ends[:-1], np.diff(ends, axis=0)
    share = np.clip(((np.array(point) - begin) * step).sum(axis=1) / (step**2).sum(axis=1), 0.0, 1.0)
    return float(np.hypot(*(begin + share[:, np.newaxis] * step - np.array(point)).T).min())


def test_each_of_several_classes_has_a_curve_and_one_without_rows_a_reason() -> None:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(3), 30)
    true = rng.integers(0, 2, 30)
    found = list(roc_curve(context(true, true, probabilities, (0, 1, 2))))
    assert [item.at["class"] for item in found] == [0, 1, 2]
    assert [item.value is None for item in found] == [False, False, True]
    assert found[2].reason == "a ROC curve needs rows inside and outside the class, got 0 of 30 inside"


def test_a_candidate_without_probabilities_has_no_curve() -> None:
    (found,) = roc_curve(context([0, 1], [0, 1], None, (0, 1)))
    assert (found.value, found.reason) == (None, "the candidate gives no probabilities")
