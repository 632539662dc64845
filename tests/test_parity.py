from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from carelabel.base.json_codec import to_json
from carelabel.errors import UsageError
from carelabel.parity.classes import compare
from carelabel.plugin.interfaces import Predictions

N = 1000


def classifier(n: int = N, seed: int = 0) -> Any:
    """Probabilities of three classes without a tie, and their labels."""
    probabilities = np.random.default_rng(seed).dirichlet([1, 1, 1], n)
    return probabilities, probabilities.argmax(axis=1)


def predictions(labels: Any, probabilities: Any = None, decision: Any = None) -> Any:
    return Predictions(labels=np.asarray(labels), probabilities=probabilities, decision=decision)


def compared(candidate: Any, *, n: int = N, target: Any = None, boundary: Any = None, **limits: Any) -> Any:
    probabilities, labels = classifier(n)
    target = labels if target is None else target
    return compare("classification", predictions(labels, probabilities), candidate, target, boundary, limits)


def flipped(count: int, n: int = N) -> Any:
    """The same probabilities with the labels of the first rows turned."""
    probabilities, labels = classifier(n)
    labels = labels.copy()
    labels[:count] = (labels[:count] + 1) % 3
    return predictions(labels, probabilities)


def shifted(by: float, rows: Any = N, n: int = N) -> Any:
    """The same labels with the first rows' probabilities moved."""
    probabilities, labels = classifier(n)
    moved = probabilities.copy()
    moved[:rows, 0] += by
    return predictions(labels, moved)


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (shifted(0.0), "identical"),
        (shifted(0.99e-5), "identical"),
        (shifted(1.1e-5), "equivalent"),
        (shifted(0.049), "equivalent"),
        (shifted(0.9, rows=9), "equivalent"),  # 99 % of the rows are close
        (shifted(0.051), "different"),
        (shifted(0.9, rows=11), "different"),
        (flipped(1), "equivalent"),
        (flipped(4), "equivalent"),  # exact upper bound .00913
        (flipped(5), "undecided"),  # exact upper bound .01048, and .5 % of the rows: more rows could prove it
        (flipped(18), "different"),  # even the lower bound is above 1 %
    ],
)
def test_the_parity_class_of_a_classifier(candidate: Any, expected: str) -> None:
    assert compared(candidate)["class"] == expected


def test_flips_come_with_their_exact_upper_bound() -> None:
    found = compared(flipped(4))
    assert (found["rows"], found["flips"]) == (N, 4)
    assert binom.cdf(4, N, found["flips_upper_95"]) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("n", "candidate", "expected"),
    [
        (298, shifted(0.01, n=298, rows=298), "undecided"),
        (299, shifted(0.01, n=299, rows=299), "equivalent"),
        (298, shifted(0.0, n=298), "identical"),
        (10, flipped(6, n=10), "different"),
        (10, shifted(0.5, n=10, rows=10), "different"),
        (10, shifted(0.5, n=10, rows=1), "undecided"),
        (10, shifted(0.0, n=10), "undecided"),  # too few rows to call anything identical
        (1, shifted(0.0, n=1), "undecided"),
    ],
)
def test_few_rows_prove_little(n: int, candidate: Any, expected: str) -> None:
    assert compared(candidate, n=n)["class"] == expected


def test_every_condition_that_does_not_hold_is_named() -> None:
    assert compared(shifted(0.0))["because"] == []
    assert compared(shifted(0.06))["because"] == [
        "not identical: |dp| within 1e-05 does not hold",
        "not equivalent: 99th percentile of |dp| within 0.05 does not hold",
    ]
    assert compared(shifted(0.0, n=10), n=10)["because"] == [
        "not called identical: 10 rows, at least 20 are needed",
        "not equivalent: flip rate within 0.01 is open: too few rows",
        "not equivalent: 99th percentile of |dp| within 0.05 is open: too few rows",
    ]


def test_largest_and_99th_percentile_difference_of_probabilities() -> None:
    found = compared(shifted(0.3, rows=5))
    assert found["max_abs"] == pytest.approx(0.3)
    assert found["p99_abs"] == 0.0
    assert found["compared"] == "labels and probabilities"


def test_equal_labels_do_not_hide_probabilities_that_are_far_off() -> None:
    probabilities = np.tile([0.9, 0.1], (N, 1))
    labels = np.zeros(N, dtype=int)
    far = np.tile([0.55, 0.45], (N, 1))
    found = compare("classification", predictions(labels, probabilities), predictions(labels, far), labels, None, {})
    assert (found["class"], found["flips"]) == ("different", 0)


def test_a_candidate_without_probabilities_is_compared_by_labels_and_that_is_said() -> None:
    _, labels = classifier()
    found = compared(predictions(labels))
    assert (found["class"], found["compared"]) == ("identical", "labels")
    assert (found["max_abs"], found["p99_abs"]) == (None, None)


def test_probabilities_of_another_number_of_classes_are_infinitely_far_away() -> None:
    probabilities, labels = classifier()
    found = compared(predictions(labels, probabilities[:, :2]))
    assert (found["class"], found["max_abs"]) == ("different", math.inf)


@pytest.mark.parametrize(
    ("first", "second", "flips"),
    [
        (["a", "b", "c"], np.array(["a", "b", "c"], dtype=object), 0),
        ([1, 2, 3], [1.0, 2.0, 4.0], 1),
        ([1, 2, 3], ["1", "2", "3"], 3),  # text is another answer than a number
        ([True, False, True], [1, 0, 1], 0),
        ([1, 2, 3], [[1], [2], [3]], 0),
        ([[1, 2], [3, 4]], [[1, 2], [3, 5]], 1),
        ([math.nan, 1.0], [math.nan, 1.0], 0),
        ([math.nan, 1.0], [1.0, 1.0], 1),
    ],
)
def test_labels_are_compared_by_what_they_say(first: Any, second: Any, flips: int) -> None:
    found = compare("clustering", predictions(first), predictions(second), None, None, {})
    assert found["flips"] == flips


def test_nan_on_both_sides_is_the_same_and_on_one_side_infinitely_far() -> None:
    probabilities, labels = classifier()
    with_nan = probabilities.copy()
    with_nan[0] = math.nan
    original = predictions(labels, with_nan)
    assert compare("classification", original, original, labels, None, {})["class"] == "identical"
    found = compare("classification", original, predictions(labels, probabilities), labels, None, {})
    assert (found["class"], found["max_abs"]) == ("equivalent", math.inf)


def test_ties_are_counted_apart() -> None:
    probabilities, labels = classifier()
    tied = probabilities.copy()
    tied[:30] = [0.5, 0.5, 0.0]
    labels = labels.copy()
    labels[:30] = 0
    other = labels.copy()
    other[:30] = 1
    found = compare("classification", predictions(labels, tied), predictions(other, tied), labels, None, {})
    assert (found["class"], found["flips"], found["ties"], found["tie_flips"]) == ("identical", 0, 30, 30)


@pytest.mark.parametrize(("margin", "ties"), [(0.9e-6, 1), (1.1e-6, 0)])
def test_a_tie_is_a_lead_below_a_millionth(margin: float, ties: int) -> None:
    probabilities, labels = classifier()
    probabilities[0] = [0.5 + margin / 2, 0.5 - margin / 2, 0.0]
    original = predictions(labels, probabilities)
    assert compare("classification", original, original, labels, None, {})["ties"] == ties


def test_without_probabilities_ties_come_from_decision_scores() -> None:
    decision = np.ones(N)
    decision[:7] = 1e-9
    original = predictions(np.ones(N), decision=decision)
    assert compare("classification", original, original, np.ones(N), None, {})["ties"] == 7


def boundary(flips_beside: int = 0, flips_on: int = 0, n: int = 200, apart: float = 0.0) -> Any:
    """Half of the rows exactly on a threshold, half beside one."""
    probabilities, labels = classifier(n, seed=1)
    on = np.arange(n) < n // 2
    other = labels.copy()
    other[:flips_on] = (other[:flips_on] + 1) % 3
    other[n // 2 : n // 2 + flips_beside] = (other[n // 2 : n // 2 + flips_beside] + 1) % 3
    return {
        "original": predictions(labels, probabilities),
        "candidate": predictions(other, probabilities + apart),
        "on_threshold": on,
    }


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (boundary(), "identical"),
        (boundary(flips_on=50), "identical"),  # exactly on a threshold: counted apart
        (boundary(flips_beside=1), "equivalent"),
        (boundary(apart=1e-3), "equivalent"),
    ],
)
def test_neighbours_of_thresholds_decide_on_identity_and_rows_on_them_do_not(rows: Any, expected: str) -> None:
    assert compared(shifted(0.0), boundary=rows)["class"] == expected


def test_boundary_rows_are_counted() -> None:
    found = compared(shifted(0.0), boundary=boundary(flips_beside=2, flips_on=3))
    assert found["neighbours"] == {"rows": 100, "flips": 2, "ties": 0, "max_abs": 0.0}
    assert found["on_threshold"] == {"rows": 100, "flips": 3, "ties": 0, "max_abs": 0.0}


def test_accuracies_are_compared_by_mcnemar_and_two_one_sided_tests() -> None:
    probabilities, labels = classifier()
    target, original, candidate = labels.copy(), labels.copy(), labels.copy()
    candidate[:11] = (candidate[:11] + 1) % 3  # right before, wrong now
    original[20] = (original[20] + 1) % 3  # wrong before, right now
    found = compare(
        "classification", predictions(original, probabilities), predictions(candidate, probabilities), target, None, {}
    )
    assert found["mcnemar_p"] == pytest.approx(0.006348, abs=1e-6)
    assert found["accuracy"]["original"] == pytest.approx(0.999)
    assert found["accuracy"]["candidate"] == pytest.approx(0.989)
    assert found["accuracy"]["difference"] == pytest.approx(-0.01)
    assert found["accuracy"]["equivalent"] is False


def test_a_copy_has_an_equivalent_accuracy() -> None:
    found = compared(shifted(0.0))
    assert (found["mcnemar_p"], found["accuracy"]["equivalent"]) == (1.0, True)


def test_without_a_target_there_is_no_accuracy() -> None:
    _, labels = classifier()
    found = compare("classification", predictions(labels), predictions(labels), None, None, {})
    assert (found["mcnemar_p"], found["accuracy"]) == (None, None)


def test_the_worst_rows_come_with_both_answers_flips_first() -> None:
    candidate = flipped(2)
    candidate.probabilities[500] += 0.4
    worst = compared(candidate)["worst"]
    assert {row["row"] for row in worst[:2]} == {0, 1}
    assert worst[2] == {
        "row": 500,
        "original": worst[2]["original"],
        "candidate": worst[2]["original"],
        "apart": pytest.approx(0.4),
        "tie": False,
    }
    assert len(worst) == 3
    assert len(compared(flipped(50))["worst"]) == 5


def regression(values: Any, candidate: Any, target: Any = None, **limits: Any) -> Any:
    return compare("regression", predictions(values), predictions(candidate), target, None, limits)


@pytest.mark.parametrize(
    ("share_of_iqr", "expected"), [(0.0, "identical"), (0.9e-5, "identical"), (1.1e-5, "equivalent")]
)
def test_an_identical_regressor_stays_within_a_share_of_the_targets_range(share_of_iqr: float, expected: str) -> None:
    values = np.linspace(0, 100, 401)  # interquartile range 50
    assert regression(values, values + share_of_iqr * 50, values)["class"] == expected


@pytest.mark.parametrize(("share_of_sd", "expected"), [(0.0099, "equivalent"), (0.0101, "different")])
def test_an_equivalent_regressor_stays_within_a_share_of_the_targets_spread(share_of_sd: float, expected: str) -> None:
    values = np.random.default_rng(0).normal(size=400)
    found = regression(values, values + share_of_sd * values.std(), values)
    assert found["class"] == expected
    assert found["p99_over_sd"] == pytest.approx(share_of_sd)
    assert (found["flips"], found["flips_upper_95"]) == (None, None)


@pytest.mark.parametrize(
    ("n", "shift", "expected"), [(99, 1e-3, "undecided"), (100, 1e-3, "equivalent"), (1, 0.0, "undecided")]
)
def test_few_values_prove_little(n: int, shift: float, expected: str) -> None:
    values = np.random.default_rng(0).normal(5.0, 1.0, n)
    assert regression(values, values + shift, values)["class"] == expected


def test_each_output_of_a_regressor_has_its_own_scale() -> None:
    values = np.random.default_rng(0).normal(size=(400, 2)) * [1.0, 1e6]
    near = values + np.array([0.0, 1.0])
    assert regression(values, near, values)["class"] == "identical"
    far = values + np.array([1.0, 0.0])
    assert regression(values, far, values)["class"] == "different"


def test_a_column_and_a_vector_of_values_are_the_same() -> None:
    values = np.random.default_rng(0).normal(size=400)
    assert regression(values, values.reshape(-1, 1), values)["max_abs"] == 0.0


def test_a_constant_target_has_a_scale_too() -> None:
    values = np.full(400, 7.0)
    assert regression(values, values, values)["class"] == "identical"
    assert regression(values, values + 1e-3, values)["class"] == "equivalent"


@pytest.mark.parametrize(
    ("own", "other", "expected"), [(math.nan, math.nan, "identical"), (math.inf, math.inf, "identical")]
)
def test_values_that_are_not_finite_on_both_sides_are_the_same(own: Any, other: Any, expected: str) -> None:
    values = np.random.default_rng(0).normal(size=400)
    first, second = values.copy(), values.copy()
    first[0], second[0] = own, other
    assert regression(first, second, values)["class"] == expected


def test_a_value_that_is_missing_on_one_side_is_infinitely_far_away() -> None:
    values = np.random.default_rng(0).normal(size=400)
    other = values.copy()
    other[3] = math.nan
    found = regression(values, other, values)
    assert found["max_abs"] == math.inf
    assert found["worst"][0]["row"] == 3


def test_clusters_are_the_same_only_with_the_same_numbers() -> None:
    labels = np.random.default_rng(0).integers(0, 3, N)
    swapped = np.array([1, 0, 2])[labels]
    assert compare("clustering", predictions(labels), predictions(labels), None, None, {})["class"] == "identical"
    found = compare("clustering", predictions(labels), predictions(swapped), None, None, {})
    assert found["class"] == "different"
    assert "mcnemar_p" not in found


def test_a_suite_sets_other_limits() -> None:
    assert compared(shifted(0.06), p99_probability=0.1)["class"] == "equivalent"
    assert compared(flipped(5), flip_rate=0.02)["class"] == "equivalent"


def test_an_unknown_limit_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"parity limits must be among .*flip_rate.*, got fliprate"):
        compared(shifted(0.0), fliprate=0.1)


def test_another_number_of_answers_is_another_model() -> None:
    found = compared(predictions([0] * 7))
    assert found["class"] == "different"
    assert found["because"] == ["the candidate answered 7 rows, the original 1000"]


@pytest.mark.parametrize("labels", [["a", "b"], [1, 2], [1.5, math.nan], [[1, 2], [3, 4]]])
@pytest.mark.parametrize("task", ["classification", "regression", "clustering"])
def test_the_result_travels_as_json(task: str, labels: Any) -> None:
    if task == "regression" and isinstance(labels[0], str):
        labels = [1.0, 2.0]
    found = compare(task, predictions(labels), predictions(labels[::-1]), np.asarray(labels), None, {})
    json.dumps(to_json(found), allow_nan=False)
