"""Lossy variants stay within the bounds they state, and say what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier

from carelabel_fastinference.probing import probe_rows, same_bits
from carelabel_fastinference.quantise import (
    leaf_error_bound,
    quantise_leaves,
    quantise_thresholds,
    threshold_shift,
)
from carelabel_fastinference.readers import read_ensemble
from carelabel_fastinference.reference import predict, prepare_rows, raw_scores
from carelabel_fastinference.sampling import random_ensemble

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel_fastinference.ensemble import TreeEnsemble

RNG = np.random.default_rng(0)
X = RNG.normal(size=(800, 5)).astype(np.float32)
TARGET = X[:, 0] + X[:, 1] * X[:, 2] + RNG.normal(size=800) * 0.1
FOREST = read_ensemble(RandomForestClassifier(20, random_state=0, min_samples_leaf=5).fit(X, TARGET > 0))
BOOSTING = read_ensemble(GradientBoostingRegressor(n_estimators=30, random_state=0).fit(X, TARGET))


@pytest.mark.parametrize("bits", [1, 4, 8, 16])
@pytest.mark.parametrize("ensemble", [FOREST, BOOSTING], ids=["forest", "boosting"])
def test_scores_stay_within_the_bound(ensemble: TreeEnsemble, bits: int) -> None:
    lossy = quantise_leaves(ensemble, bits)
    error = np.abs(raw_scores(lossy, X) - raw_scores(ensemble, X)).max(axis=0)
    bound = leaf_error_bound(ensemble, bits)
    assert (error <= bound).all()
    assert (error > 0).all()
    assert len(np.unique(lossy.value[lossy.is_leaf][:, 0])) <= 2**bits


def test_measured_errors_and_bounds() -> None:
    """The figures: a forest's probabilities within 1/510 at 8 bits; boosting's bound grows with its trees."""
    assert leaf_error_bound(FOREST, 8).max() == pytest.approx(1 / 510)
    span = np.ptp(BOOSTING.value[BOOSTING.is_leaf])
    assert leaf_error_bound(BOOSTING, 16)[0] == pytest.approx(30 * span / (2 * 65535))
    changed = (predict(quantise_leaves(FOREST, 8), X) != predict(FOREST, X)).mean()
    assert changed < 0.01


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_thresholds_move_by_half_a_step_at_most(bits: int) -> None:
    lossy = quantise_thresholds(FOREST, bits)
    inner = ~FOREST.is_leaf
    moved = np.abs(lossy.threshold[inner] - FOREST.threshold[inner])
    assert (moved <= threshold_shift(FOREST, bits)[FOREST.feature[inner]]).all()
    assert moved.max() > 0


def test_rows_away_from_thresholds_are_not_touched() -> None:
    bits = 12
    lossy, shift = quantise_thresholds(FOREST, bits), threshold_shift(FOREST, bits)
    near = np.zeros(len(X), dtype=bool)
    for feature in range(FOREST.n_features):
        thresholds = FOREST.threshold[FOREST.feature == feature]
        distance = np.abs(X[:, feature].astype(np.float64)[:, None] - thresholds).min(axis=1)
        near |= distance <= shift[feature]
    assert 0 < near.sum() < len(X)
    assert same_bits(raw_scores(lossy, X[~near]), raw_scores(FOREST, X[~near]))


@pytest.mark.parametrize("seed", range(30))
def test_any_ensemble_can_be_quantised(seed: int) -> None:
    e = random_ensemble(seed)
    rows = probe_rows(e, 200, seed=seed)
    lossy = quantise_leaves(e, 8)
    error = np.abs(raw_scores(lossy, rows).astype(np.float64) - raw_scores(e, rows)).max(axis=0)
    rounding = 1e-5 if e.accumulate == "float32" else 1e-12
    assert (error <= leaf_error_bound(e, 8) + rounding).all()
    coarse = quantise_thresholds(e, 8)
    infinite = np.isinf(e.threshold)
    assert (coarse.threshold[infinite] == e.threshold[infinite]).all()
    assert same_bits(prepare_rows(coarse, rows), prepare_rows(e, rows))


def test_they_say_what_they_are() -> None:
    assert quantise_leaves(FOREST, 8).source.endswith("RandomForestClassifier, leaves rounded to 8 bits")
    assert quantise_thresholds(FOREST, 8).source.endswith("thresholds rounded to 8 bits")


@pytest.mark.parametrize("bits", [0, -1, 25])
@pytest.mark.parametrize("function", [quantise_leaves, quantise_thresholds, leaf_error_bound, threshold_shift])
def test_bits_out_of_range(function: Callable[[TreeEnsemble, int], Any], bits: int) -> None:
    with pytest.raises(ValueError, match=f"bits must be from 1 to 24, got {bits}"):
        function(FOREST, bits)
