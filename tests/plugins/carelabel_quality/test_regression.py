"""Metrics of predicted values against sums done by hand: errors 1, -2, 0, 3 on a truth of 2, 4, 6, 8."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from carelabel_quality import regression

TRUE = np.array([2.0, 4.0, 6.0, 8.0])
FOUND = TRUE - np.array([1.0, -2.0, 0.0, 3.0])
BY_HAND = {
    "mse": (1 + 4 + 0 + 9) / 4,
    "rmse": (14 / 4) ** 0.5,
    "mae": (1 + 2 + 0 + 3) / 4,
    "max_error": 3.0,
    "mape": (1 / 2 + 2 / 4 + 0 + 3 / 8) / 4,
    "r2": 1 - 14 / (9 + 1 + 1 + 9),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_figure_is_the_one_that_is_computed_by_hand(name: Any) -> None:
    assert getattr(regression, name)(TRUE, FOUND) == pytest.approx(BY_HAND[name], abs=1e-12)


@pytest.mark.parametrize("name", BY_HAND)
def test_several_outputs_count_alike(name: Any) -> None:
    """The second output is off by the first one's errors times ten, on a truth times ten."""
    true, found = np.c_[TRUE, 10 * TRUE], np.c_[FOUND, 10 * FOUND]
    second = BY_HAND[name] * {"mse": 100, "mape": 1, "r2": 1}.get(name, 10)
    wanted = second if name == "max_error" else (BY_HAND[name] + second) / 2
    assert getattr(regression, name)(true, found) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize("outputs", [1, 2])
def test_on_resamples_it_is_the_figure_of_each_resample(name: Any, outputs: Any) -> None:
    rng = np.random.default_rng(0)
    true = 1e3 + rng.normal(size=(30, outputs))
    found = true + rng.normal(size=true.shape)
    if outputs == 1:
        true, found = true[:, 0], found[:, 0]
    rows = rng.integers(0, 30, size=(20, 30))
    figure = getattr(regression, name)
    np.testing.assert_allclose(
        figure.on_resamples(true, found, rows), [figure(true[i], found[i]) for i in rows], rtol=1e-8
    )


def test_a_constant_truth_has_no_variance_to_explain() -> None:
    with pytest.raises(ValueError, match="needs at least two different values"):
        regression.r2(np.ones(4), FOUND)
    assert np.isnan(regression.r2.on_resamples(TRUE, FOUND, np.array([[1, 1, 1, 1]]))).all()


def test_a_truth_of_zero_has_no_relative_error() -> None:
    with pytest.raises(ValueError, match="a truth without zeros, got 1"):
        regression.mape(np.array([0.0, 1.0]), np.array([1.0, 1.0]))


def test_resampling_says_nothing_about_the_largest_error() -> None:
    assert regression.max_error.no_interval
    assert not any(figure.no_interval for figure in (regression.mse, regression.mae, regression.r2))
