"""Metrics of predicted classes against sums done by hand on one small table.

Truth and prediction of ten rows::

            predicted  a  b  c
    true a             3  1  0
    true b             1  2  1
    true c             0  0  2
"""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from carelabel_quality import labels

TABLE = {("a", "a"): 3, ("a", "b"): 1, ("b", "a"): 1, ("b", "b"): 2, ("b", "c"): 1, ("c", "c"): 2}
TRUE = np.array([true for (true, _), rows in TABLE.items() for _ in range(rows)])
PREDICTED = np.array([found for (_, found), rows in TABLE.items() for _ in range(rows)])

PRECISION = [Fraction(3, 4), Fraction(2, 3), Fraction(2, 3)]
RECALL = [Fraction(3, 4), Fraction(2, 4), Fraction(2, 2)]
F1 = [2 * p * r / (p + r) for p, r in zip(PRECISION, RECALL, strict=True)]
SUPPORT = [4, 4, 2]


def macro(values: Any) -> Any:
    return sum(values) / 3


def weighted(values: Any) -> Any:
    return sum(value * rows for value, rows in zip(values, SUPPORT, strict=True)) / 10


BY_HAND = {
    "accuracy": Fraction(7, 10),
    "balanced_accuracy": macro(RECALL),
    "precision_macro": macro(PRECISION),
    "precision_weighted": weighted(PRECISION),
    "recall_macro": macro(RECALL),
    "recall_weighted": Fraction(7, 10),
    "f1_macro": macro(F1),
    "f1_weighted": weighted(F1),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_figure_is_the_one_that_is_computed_by_hand(name: Any) -> None:
    figure = getattr(labels, name)
    assert figure(TRUE, PREDICTED) == pytest.approx(float(BY_HAND[name]), abs=1e-12)
    everything = np.arange(len(TRUE))[np.newaxis, :]
    assert figure.on_resamples(TRUE, PREDICTED, everything) == pytest.approx([float(BY_HAND[name])], abs=1e-12)


@pytest.mark.parametrize("name", BY_HAND)
def test_on_resamples_it_is_the_figure_of_each_resample(name: Any) -> None:
    """Resamples of five rows often lack a class in the truth, in the prediction or in both."""
    figure = getattr(labels, name)
    rows = np.random.default_rng(0).integers(0, 10, size=(50, 5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn remarks on predicted classes that the truth lacks
        one_by_one = [figure(TRUE[row], PREDICTED[row]) for row in rows]
    np.testing.assert_allclose(figure.on_resamples(TRUE, PREDICTED, rows), one_by_one, rtol=1e-12)


def test_a_class_that_is_never_predicted_has_precision_0() -> None:
    true, found = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0])
    assert labels.precision_macro(true, found) == pytest.approx((0.5 + 0.0) / 2)
    assert labels.f1_macro(true, found) == pytest.approx((2 / 3 + 0.0) / 2)


def test_object_text_and_fixed_text_are_the_same_classes() -> None:
    assert labels.accuracy(TRUE.astype(object), PREDICTED) == pytest.approx(0.7)
    rows = np.arange(10)[np.newaxis, :]
    assert labels.f1_macro.on_resamples(TRUE.astype(object), PREDICTED, rows) == pytest.approx([float(macro(F1))])


def test_truth_values_meet_the_whole_numbers_of_an_engine() -> None:
    assert labels.accuracy(np.array([True, False, True]), np.array([1, 0, 0])) == pytest.approx(2 / 3)


def test_text_and_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="must both be text or both be numbers"):
        labels.accuracy.on_resamples(TRUE, np.arange(10), np.zeros((1, 10), dtype=int))
