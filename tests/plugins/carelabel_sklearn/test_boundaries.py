"""Rows on and next to split thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from carelabel_sklearn.backend import PickleBackend
from tests.plugins.carelabel_sklearn.given import data_of, loaded, pickled, points

if TYPE_CHECKING:
    from pathlib import Path

X, Y = points()
DATA = data_of(X, Y)


@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeClassifier(),
        RandomForestClassifier(5),
        ExtraTreesClassifier(5),
        GradientBoostingRegressor(n_estimators=3),
        HistGradientBoostingClassifier(max_iter=3),
    ],
    ids=lambda item: type(item).__name__,
)
def test_each_row_comes_on_its_threshold_and_on_both_sides_of_it(tmp_path: Path, estimator: Any) -> None:
    found, predictor = loaded(pickled(tmp_path, estimator.fit(X, Y)), DATA)
    assert found.provides == ("boundaries",)
    placed = PickleBackend().boundary_rows(predictor, DATA, 301, 7)
    assert placed is not None
    assert placed.rows.shape == (300, 4)
    assert placed.rows.dtype == found.input_type.dtype
    on, below, above = placed.rows[0::3], placed.rows[1::3], placed.rows[2::3]
    changed = below != above
    assert (changed.sum(axis=1) == 1).all()
    assert (below[changed] < on[changed]).all()
    assert (on[changed] < above[changed]).all()
    # Two steps of float32 lie between the neighbours: one on each side of the nearest number.
    nearest = np.nextafter(below[changed].astype(np.float32), np.float32(np.inf))
    np.testing.assert_array_equal(np.nextafter(nearest, np.float32(np.inf)), above[changed].astype(np.float32))
    assert not placed.on_threshold[1::3].any()
    assert not placed.on_threshold[2::3].any()


def test_the_rows_take_other_ways_below_and_above(tmp_path: Path) -> None:
    """A placed row really comes to the node: its neighbours end in different leaves."""
    tree = DecisionTreeClassifier(random_state=0).fit(X, Y)
    _, predictor = loaded(pickled(tmp_path, tree), DATA)
    placed = PickleBackend().boundary_rows(predictor, DATA, 300, 7)
    assert placed is not None
    leaves = tree.apply(placed.rows)
    assert (leaves[1::3] != leaves[2::3]).all()
    # scikit-learn goes left where a value is equal to the threshold.
    exact = placed.on_threshold[0::3]
    assert (leaves[0::3][exact] == leaves[1::3][exact]).all()


def test_histogram_thresholds_are_met_exactly_in_float64(tmp_path: Path) -> None:
    _, predictor = loaded(pickled(tmp_path, HistGradientBoostingClassifier(max_iter=3).fit(X, Y)), DATA)
    placed = PickleBackend().boundary_rows(predictor, DATA, 90, 7)
    assert placed is not None
    assert placed.on_threshold[0::3].all()


def test_the_seed_decides(tmp_path: Path) -> None:
    _, predictor = loaded(pickled(tmp_path, DecisionTreeClassifier(random_state=0).fit(X, Y)), DATA)
    first, again, other = (PickleBackend().boundary_rows(predictor, DATA, 30, seed) for seed in (1, 1, 2))
    assert first is not None
    np.testing.assert_array_equal(first.rows, again.rows)
    assert not np.array_equal(first.rows, other.rows)


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        make_pipeline(StandardScaler(), DecisionTreeClassifier()),
        DecisionTreeClassifier(min_samples_leaf=1000),
        HistGradientBoostingClassifier(max_iter=2, categorical_features=[True, False, False, False]),
    ],
    ids=["no tree", "thresholds behind a scaler", "no split", "categories"],
)
def test_where_there_is_nothing_to_stand_on_none_is_given(tmp_path: Path, estimator: Any) -> None:
    x = X.copy()
    x[:, 0] = np.arange(len(x)) % 5
    data = data_of(x, Y)
    found, predictor = loaded(pickled(tmp_path, estimator.fit(x, Y)), data)
    assert found.provides == ()
    assert PickleBackend().boundary_rows(predictor, data, 300, 7) is None
