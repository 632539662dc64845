from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from carelabel.data.rows import DataSet, Rows
from carelabel.measure.scoring import resampled_rows, score_metric
from carelabel.plan import PlannedTest
from carelabel.plugin.interfaces import Predictions, ScoreContext
from tests.factories import make_data, make_model


def spec(wanted: str = "labels", *, on_features: bool = False, **parameters: Any) -> Any:
    return PlannedTest(
        id="acme.figure",
        kind="metric",
        entry="acme:figure",
        version="acme 1",
        group="quality",
        scope="candidate",
        style="once",
        place="scorer",
        parameters=parameters,
        quantities=({"name": "figure"},),
        timeout_s=60.0,
        metric={"input": wanted, "on_features": on_features, "name": "figure"},
    )


def context(
    target: Any,
    labels: Any,
    *,
    probabilities: Any = None,
    decision: Any = None,
    rows: Any = None,
    resamples: int = 300,
    seed: int = 0,
) -> Any:
    predictions = Predictions(
        labels=np.asarray(labels),
        probabilities=None if probabilities is None else np.asarray(probabilities),
        decision=None if decision is None else np.asarray(decision),
    )
    array = np.zeros((len(labels), 2)) if rows is None else np.asarray(rows)
    data = DataSet(
        rows=Rows(array=array), target=None if target is None else np.asarray(target), groups={}, facts=make_data()
    )
    return ScoreContext(
        candidate="onnx",
        task="classification",
        facts=make_model(),
        test=data,
        train=None,
        predictions=predictions,
        original=predictions,
        resamples=resamples,
        seed=seed,
    )


def accuracy(y_true: Any, y_pred: Any) -> Any:
    return np.mean(y_true == y_pred)


def only(found: Any) -> Any:
    assert len(found) == 1
    return found[0]


def half_right(n: int = 400) -> Any:
    return context([0] * n, [0, 1] * (n // 2))


def test_a_metric_has_value_interval_level_n_and_method() -> None:
    found = only(score_metric(spec(), accuracy, half_right()))
    half = 1.96 * math.sqrt(0.25 / 400)
    assert (found.quantity, found.value, found.n, found.level) == ("figure", 0.5, 400, 0.95)
    assert found.interval == pytest.approx((0.5 - half, 0.5 + half), abs=0.01)
    assert found.method == "figure on 400 test rows; percentile bootstrap over rows, 300 resamples"


def test_the_interval_holds_the_true_figure_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    held = []
    for run in range(200):
        right = (random.random(150) < 0.8).astype(int)
        low, high = only(score_metric(spec(), accuracy, context([1] * 150, right, seed=run))).interval
        held.append(low <= 0.8 <= high)
    assert np.mean(held) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 200)


def test_every_candidate_gets_the_same_resamples() -> None:
    first = only(score_metric(spec(), accuracy, half_right()))
    again = only(score_metric(spec(), accuracy, replace_candidate(half_right(), "other")))
    assert first.interval == again.interval
    assert first.interval != only(score_metric(spec(), accuracy, context([0] * 400, [0, 1] * 200, seed=1))).interval


def replace_candidate(given: Any, name: str) -> Any:
    return replace(given, candidate=name)


def test_resampled_rows_come_in_pieces_of_bounded_size_and_do_not_depend_on_them() -> None:
    pieces = list(resampled_rows(400_000, 5, seed=3))
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    assert all(piece.min() >= 0 and piece.max() < 400_000 for piece in pieces)


def test_parameters_and_classes_reach_the_metric() -> None:
    seen = {}

    def metric(y_true: Any, probabilities: Any, *, classes: Any, average: Any) -> Any:
        seen.update(classes=list(classes), average=average, shape=probabilities.shape, true=y_true.shape)
        return 0.5

    given = context([0, 1, 2], [0, 1, 2], probabilities=np.eye(3))
    score_metric(spec("probabilities", average="macro"), metric, given)
    assert seen == {"classes": [0, 1, 2], "average": "macro", "shape": (3, 3), "true": (3,)}


def test_a_metric_on_labels_gets_no_classes() -> None:
    assert only(score_metric(spec(), lambda _, __, **given: float(len(given)), half_right())).value == 0.0


def test_decision_scores_come_as_they_are() -> None:
    given = context([0, 1], [0, 1], decision=[-2.0, 3.0])
    assert only(score_metric(spec("scores"), lambda _, scores, **__: scores[1], given)).value == 3.0


def test_a_metric_on_features_gets_the_rows_and_the_clusters() -> None:
    given = context(None, [0, 0, 1], rows=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    found = score_metric(spec("clusters", on_features=True), lambda rows, found: rows[found == 1].sum(), given)
    assert only(found).value == 11.0


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_one_column_is_a_vector_on_both_sides(shape: Any) -> None:
    given = context(np.arange(4.0).reshape(4, 1), np.arange(4.0).reshape(shape))
    assert only(score_metric(spec(), lambda a, b: float(np.abs(a - b).max()), given)).value == 0.0


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("probabilities", "the candidate gives no probabilities"),
        ("scores", "the candidate gives no decision scores"),
    ],
)
def test_what_a_candidate_does_not_give_is_a_reason(wanted: str, reason: str) -> None:
    found = only(score_metric(spec(wanted), accuracy, half_right()))
    assert (found.value, found.reason) == (None, reason)


@pytest.mark.parametrize(
    ("target", "labels", "reason"),
    [
        (None, [1, 2], "the test data have no target"),
        ([1, 2, 3], [1, 2], "2 answers for 3 rows"),
        ([], [], "there are no test rows"),
    ],
)
def test_data_that_do_not_fit_are_a_reason(target: Any, labels: Any, reason: str) -> None:
    given = context(target, labels)
    found = only(score_metric(spec(), accuracy, given))
    assert (found.value, found.reason) == (None, reason)


def test_one_row_gives_the_value_where_it_is_defined_and_no_interval() -> None:
    found = only(score_metric(spec(), accuracy, context([1], [1])))
    assert (found.value, found.interval, found.level, found.n) == (1.0, None, None, 1)
    assert found.method == "figure on 1 test rows; no interval from one row"


def two_classes(y_true: Any, _: Any) -> Any:
    if len(np.unique(y_true)) < 2:
        msg = "needs\n  both classes"
        raise ValueError(msg)
    return 0.7


def test_one_row_where_it_is_not_defined_is_a_reason() -> None:
    found = only(score_metric(spec(), two_classes, context([1], [1])))
    assert (found.value, found.reason) == (None, "not defined on these 1 rows: needs both classes")


@pytest.mark.parametrize("figure", [math.nan, math.inf])
def test_a_figure_that_is_not_finite_is_a_reason(figure: float) -> None:
    found = only(score_metric(spec(), lambda *_: figure, half_right()))
    assert (found.value, found.reason) == (None, f"the figure is {figure} on these 400 rows")


def test_resamples_without_the_figure_are_counted() -> None:
    def share_of_ones(y_true: Any, y_pred: Any) -> Any:
        return two_classes(y_true, y_pred) and float(np.mean(y_true))

    found = only(score_metric(spec(), share_of_ones, context([0, 0, 0, 1], [0, 0, 0, 1])))
    lost = int(found.method.split("resamples, ")[1].split()[0])
    assert 300 * 0.75**4 * 0.6 < lost < 300 * 0.75**4 * 1.4 + 20
    assert found.method.endswith("of them left out where it is not defined")
    assert found.interval == (0.25, 0.75)


def test_with_hardly_any_resample_left_there_is_no_interval() -> None:
    def picky(y_true: Any, _: Any) -> Any:
        return 1.0 if len(np.unique(y_true)) == 5 else math.nan

    found = only(score_metric(spec(), picky, context(range(5), range(5))))
    assert (found.value, found.interval) == (1.0, None)
    assert "no interval: not defined on" in found.method


def test_a_metric_can_do_all_resamples_at_once_and_gets_the_same_ones() -> None:
    def fast(y_true: Any, y_pred: Any) -> Any:
        return np.mean(y_true == y_pred)

    fast.on_resamples = lambda y_true, y_pred, rows: (y_true == y_pred)[rows].mean(axis=1)
    assert score_metric(spec(), fast, half_right()) == score_metric(spec(), accuracy, half_right())


def test_a_programming_error_in_a_metric_is_not_taken_for_an_undefined_figure() -> None:
    with pytest.raises(TypeError):
        score_metric(spec(), lambda y_true: 1.0, half_right())


def refuses_what_is_no_probability(y_true: Any, p: Any, *, classes: Any) -> Any:
    if p.min() < 0.0 or p.max() > 1.0:
        msg = "values outside [0, 1]"
        raise ValueError(msg)
    return -np.mean(np.log(p[np.arange(len(p)), y_true]))


def test_float32_sums_just_above_one_are_rounding_and_no_error() -> None:
    rounded = np.array([[1.0000001, 0.0], [-1e-7, 1.0], [0.25, 0.75]], dtype=np.float32)
    found = only(
        score_metric(
            spec("probabilities"),
            refuses_what_is_no_probability,
            context([0, 1, 1], [0, 1, 1], probabilities=rounded),
        )
    )
    assert found.value == pytest.approx(-math.log(0.75) / 3)
    assert "probabilities up to 1e-07 outside [0, 1] clipped" in found.method


@pytest.mark.parametrize("wrong", [1.0001, -0.0001, math.nan])
def test_what_is_worse_than_rounding_is_left_for_the_metric_to_refuse(wrong: float) -> None:
    given = context([0, 1], [0, 1], probabilities=[[wrong, 0.0], [0.0, 1.0]])
    found = only(score_metric(spec("probabilities"), refuses_what_is_no_probability, given))
    assert found.value is None
    assert "[0, 1]" in found.reason or "nan" in found.reason


def test_probabilities_without_rounding_are_not_touched() -> None:
    given = context([0, 1], [0, 1], probabilities=[[0.5, 0.5], [0.1, 0.9]])
    assert "clipped" not in only(score_metric(spec("probabilities"), refuses_what_is_no_probability, given)).method


class Share:
    """A metric that says that it is a share of rows."""

    is_share = True

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        return float(np.mean(y_true == y_pred))


def test_a_share_without_an_error_has_the_exact_interval_of_its_rows() -> None:
    """The rule of three in its exact form: the lower end solves p**n = 0.025."""
    (found,) = score_metric(spec(), Share(), context([1] * 300, [1] * 300))
    assert found.value == 1.0
    assert found.interval == (pytest.approx(0.025 ** (1 / 300)), 1.0)
    assert found.method == "figure on 300 test rows; exact interval of a share (Clopper and Pearson)"


def test_another_figure_that_is_the_same_on_every_resample_has_no_interval() -> None:
    (found,) = score_metric(spec(), lambda y_true, y_pred: 1.0, context([1] * 300, [1] * 300))
    assert (found.value, found.interval, found.level) == (1.0, None, None)
    assert found.method.endswith("no interval: the same on every resample, which says nothing about other rows")


def test_a_metric_can_say_why_resampling_says_nothing_about_it() -> None:
    largest = Share()
    largest.no_interval = "it is the largest"  # type: ignore[attr-defined]  # as plugins may
    (found,) = score_metric(spec(), largest, context([1, 0] * 20, [1] * 40))
    assert (found.value, found.interval) == (0.5, None)
    assert found.method == "figure on 40 test rows; no interval: it is the largest"
