"""scikit-learn's trees, forests and gradient boosting are read so that scores, probabilities and labels have the
same bits, on data rows, on thresholds, next to them, and at the ends of the number line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from carelabel_fastinference import reference
from carelabel_fastinference.errors import UnsupportedModelError
from carelabel_fastinference.probing import probe_rows, same_bits
from carelabel_fastinference.readers import read_ensemble

# The library adds all values up to find infinities, and some of these rows hold the largest floats.
pytestmark = pytest.mark.filterwarnings("ignore:.* encountered in reduce:RuntimeWarning")

RNG = np.random.default_rng(0)
X = np.round(RNG.normal(size=(300, 4)), 1)
X_NAN = np.where(RNG.random(X.shape) < 0.15, np.nan, X)
VALUE = X[:, 0] * 3 + RNG.normal(size=300)
CLASS = np.array(["ape", "bee", "cat"])[(X[:, 0] > 0.3).astype(int) + (X[:, 1] * X[:, 2] > 0)]
BINARY = (VALUE > 0).astype(int)
SEED = {"random_state": 0}


def rows_for(model: Any, data: np.ndarray) -> np.ndarray:
    """Data and rows that probe thresholds, in float64: scikit-learn rounds them itself and refuses infinities."""
    probes = probe_rows(read_ensemble(model), 1500, infinite=False, base=data)
    between = np.nextafter(probes.astype(np.float64), np.inf)
    return np.concatenate((data, probes, between[np.isfinite(between.astype(np.float32)).all(axis=1)]))


def check_probabilities(model: Any, data: np.ndarray) -> None:
    """Raw scores are the probabilities."""
    e, rows = read_ensemble(model), rows_for(model, data)
    ours, theirs = reference.predict_proba(e, rows), model.predict_proba(rows)
    pairs = zip(ours, theirs, strict=True) if isinstance(theirs, list) else [(ours, theirs)]
    assert all(same_bits(one, other) for one, other in pairs)
    assert (reference.predict(e, rows) == model.predict(rows)).all()


def check_values(model: Any, data: np.ndarray) -> None:
    """Raw scores are the values."""
    rows = rows_for(model, data)
    assert same_bits(reference.predict(read_ensemble(model), rows), model.predict(rows))


@pytest.mark.parametrize("cls", [DecisionTreeClassifier, ExtraTreeClassifier])
@pytest.mark.parametrize("data", [X, X_NAN], ids=["complete", "missing"])
def test_tree_classifiers(cls: Any, data: np.ndarray) -> None:
    check_probabilities(cls(**SEED).fit(data, CLASS), data)
    check_probabilities(cls(max_depth=3, **SEED).fit(data, np.stack((CLASS, BINARY.astype(str)), axis=1)), data)


@pytest.mark.parametrize("cls", [DecisionTreeRegressor, ExtraTreeRegressor])
def test_tree_regressors(cls: Any) -> None:
    check_values(cls(**SEED).fit(X_NAN, VALUE), X_NAN)
    check_values(cls(max_depth=3, **SEED).fit(X_NAN, np.stack((VALUE, -VALUE), axis=1)), X_NAN)


@pytest.mark.parametrize("cls", [RandomForestClassifier, ExtraTreesClassifier])
@pytest.mark.parametrize("settings_", [{}, {"max_depth": 3, "class_weight": "balanced"}], ids=["deep", "shallow"])
def test_forest_classifiers(cls: Any, settings_: dict[str, Any]) -> None:
    check_probabilities(cls(15, **SEED, **settings_).fit(X_NAN, CLASS), X_NAN)


@pytest.mark.parametrize("cls", [RandomForestClassifier, ExtraTreesClassifier])
def test_forest_classifiers_with_several_outputs(cls: Any) -> None:
    check_probabilities(cls(7, **SEED).fit(X, np.stack((CLASS, BINARY.astype(str)), axis=1)), X)


@pytest.mark.parametrize("cls", [RandomForestRegressor, ExtraTreesRegressor])
def test_forest_regressors(cls: Any) -> None:
    check_values(cls(15, **SEED).fit(X_NAN, VALUE), X_NAN)
    check_values(cls(7, max_depth=4, criterion="absolute_error", **SEED).fit(X, VALUE), X)
    check_values(cls(7, **SEED).fit(X_NAN, np.stack((VALUE, -VALUE), axis=1)), X_NAN)


def test_one_node_trees_and_one_class() -> None:
    check_probabilities(RandomForestClassifier(3, **SEED).fit(X, np.full(300, "only")), X)
    check_values(DecisionTreeRegressor().fit(X, np.zeros(300)), X)


@pytest.mark.parametrize(
    "settings_",
    [
        {},
        {"init": "zero"},
        {"init": DummyClassifier(strategy="prior")},
        {"init": DummyClassifier(strategy="uniform")},
        {"learning_rate": 0.037, "subsample": 0.7},
    ],
    ids=str,
)
@pytest.mark.parametrize("target", [CLASS, BINARY], ids=["three", "two"])
def test_gradient_boosting_classifiers(settings_: dict[str, Any], target: np.ndarray) -> None:
    model = GradientBoostingClassifier(n_estimators=10, **SEED, **settings_).fit(X, target)
    check_boosting(model)


def test_gradient_boosting_with_exponential_loss() -> None:
    check_boosting(GradientBoostingClassifier(n_estimators=10, loss="exponential", **SEED).fit(X, BINARY))


def check_boosting(model: Any) -> None:
    """Raw scores have the same bits; probabilities go through exp."""
    e, rows = read_ensemble(model), rows_for(model, X)
    assert same_bits(reference.raw_scores(e, rows), model.decision_function(rows).reshape(len(rows), -1))
    assert (reference.predict(e, rows) == model.predict(rows)).all()
    np.testing.assert_allclose(reference.predict_proba(e, rows), model.predict_proba(rows), rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
@pytest.mark.parametrize("init", [None, "zero", DummyRegressor(strategy="median")], ids=str)
def test_gradient_boosting_regressors(loss: str, init: Any) -> None:
    check_values(GradientBoostingRegressor(n_estimators=10, loss=loss, init=init, **SEED).fit(X, VALUE), X)


def test_init_that_depends_on_the_row_is_refused() -> None:
    model = GradientBoostingClassifier(n_estimators=2, init=LogisticRegression()).fit(X, BINARY)
    with pytest.raises(UnsupportedModelError, match="init must not depend on the row"):
        read_ensemble(model)
    random = GradientBoostingClassifier(n_estimators=2, init=DummyClassifier(strategy="stratified")).fit(X, BINARY)
    with pytest.raises(UnsupportedModelError, match="init must not depend on the row"):
        read_ensemble(random)


@given(
    seed=st.integers(0, 2**31),
    rows=st.integers(2, 60),
    features=st.integers(1, 5),
    classes=st.integers(1, 6),
    depth=st.one_of(st.none(), st.integers(1, 6)),
    decimals=st.integers(0, 3),
    scale=st.sampled_from([1.0, 1e-38, 1e-42, 1e30]),
)
@settings(max_examples=40, deadline=None)
def test_random_models(  # noqa: PLR0917 - drawn by name
    seed: int, rows: int, features: int, classes: int, depth: int | None, decimals: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    data = np.round(rng.normal(size=(rows, features)), decimals) * scale
    target = rng.integers(0, classes, rows)
    settings_ = {"max_depth": depth, "random_state": seed % 1000}
    check_probabilities(RandomForestClassifier(3, **settings_).fit(data, target), data)
    check_probabilities(ExtraTreesClassifier(3, **settings_).fit(data, target), data)
    check_values(RandomForestRegressor(3, **settings_).fit(data, target * 0.1), data)
    check_values(GradientBoostingRegressor(n_estimators=3, **settings_).fit(data, target * 0.1), data)


@pytest.mark.slow
def test_a_large_forest() -> None:
    rng = np.random.default_rng(1)
    data = rng.normal(size=(20000, 20)).astype(np.float32)
    target = (data[:, 0] * data[:, 1] > 0).astype(int) + (data[:, 2] > 1)
    check_probabilities(RandomForestClassifier(50, max_depth=12, **SEED).fit(data, target), data[:5000])
