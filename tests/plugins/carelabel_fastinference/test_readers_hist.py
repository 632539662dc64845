"""scikit-learn's HistGradientBoosting is read with the same bits of raw scores, missing values and categories too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from carelabel_fastinference import reference
from carelabel_fastinference.errors import UnsupportedModelError
from carelabel_fastinference.probing import probe_rows, same_bits
from carelabel_fastinference.readers import read_ensemble

if TYPE_CHECKING:
    from collections.abc import Iterator

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 4))
X[:, 1] = RNG.integers(0, 6, 400) * 3  # categories with gaps
X[:, 2] = RNG.integers(-3, 4, 400) / 2  # and some that are negative or fractions
X_NAN = np.where(RNG.random(X.shape) < 0.15, np.nan, X)
VALUE = X[:, 0] * 2 + np.cos(X[:, 1]) * 3 + X[:, 2] ** 2 + RNG.normal(size=400) * 0.1
CLASS = np.digitize(VALUE, [0.0, 2.5])
FAST = {"max_iter": 12, "random_state": 0}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """The library's threads wait for each other longer than they work on data this small."""
    with threadpool_limits(1):
        yield


def rows_for(model: Any, data: np.ndarray) -> np.ndarray:
    """Data and probing rows; the encoder of categories refuses infinities."""
    e = read_ensemble(model)
    return np.concatenate((data, probe_rows(e, 1500, infinite=e.category_values is None, base=data)))


def raw(model: Any, rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(model._raw_predict(rows))


@pytest.mark.parametrize("categorical", [None, [1], [1, 2], [0, 1, 2, 3]], ids=str)
@pytest.mark.parametrize("data", [X, X_NAN], ids=["complete", "missing"])
@pytest.mark.parametrize("target", [CLASS, (VALUE > 0).astype(str)], ids=["three", "two"])
def test_classifiers(categorical: Any, data: np.ndarray, target: np.ndarray) -> None:
    data = np.round(data) if categorical and len(categorical) == 4 else data
    model = HistGradientBoostingClassifier(categorical_features=categorical, **FAST).fit(data, target)
    e, rows = read_ensemble(model), rows_for(model, data)
    assert same_bits(reference.raw_scores(e, rows), raw(model, rows))
    assert (reference.predict(e, rows) == model.predict(rows)).all()
    np.testing.assert_allclose(reference.predict_proba(e, rows), model.predict_proba(rows), rtol=1e-12, atol=1e-15)
    assert e.is_categorical.any() == (categorical is not None)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "quantile", "gamma", "poisson"])
@pytest.mark.parametrize("categorical", [None, [1, 2]], ids=str)
def test_regressors(loss: str, categorical: Any) -> None:
    options = {"quantile": 0.3} if loss == "quantile" else {}
    model = HistGradientBoostingRegressor(loss=loss, categorical_features=categorical, **FAST, **options)
    model.fit(X_NAN, np.abs(VALUE) + 0.1)
    e, rows = read_ensemble(model), rows_for(model, X_NAN)
    assert same_bits(reference.raw_scores(e, rows), raw(model, rows))
    np.testing.assert_allclose(reference.predict(e, rows), model.predict(rows), rtol=1e-14)


def test_unknown_categories_go_where_missing_values_go() -> None:
    model = HistGradientBoostingRegressor(categorical_features=[1], **FAST).fit(X_NAN, VALUE)
    rows = np.tile(X[:1], (6, 1))
    rows[:, 1] = [np.nan, 1.0, 3.5, -3.0, 1e9, 18.0]
    scores = reference.raw_scores(read_ensemble(model), rows)
    assert len(np.unique(scores)) == 1
    assert same_bits(scores, raw(model, rows))


def test_many_categories_and_early_stopping() -> None:
    rng = np.random.default_rng(1)
    data = np.stack((rng.integers(0, 250, 3000), rng.normal(size=3000)), axis=1)
    model = HistGradientBoostingRegressor(categorical_features=[0], early_stopping=True, max_iter=40, random_state=0)
    model.fit(data, np.sin(data[:, 0]) + data[:, 1])
    rows = rows_for(model, data)
    assert same_bits(reference.raw_scores(read_ensemble(model), rows), raw(model, rows))


def test_categories_that_are_text_are_refused() -> None:
    data = np.array([["a", 1.0], ["b", 2.0]] * 30, dtype=object)
    model = HistGradientBoostingRegressor(categorical_features=[0], max_iter=2).fit(data, np.arange(60.0))
    with pytest.raises(UnsupportedModelError, match="categories of feature 0 must be numbers, got"):
        read_ensemble(model)


@given(
    seed=st.integers(0, 2**31),
    classes=st.integers(2, 4),
    leaves=st.integers(2, 31),
    decimals=st.integers(0, 4),
    scale=st.sampled_from([1.0, 1e-310, 1e300]),
)
@settings(max_examples=15, deadline=None)
def test_random_models(seed: int, classes: int, leaves: int, decimals: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    data = np.round(rng.normal(size=(200, 3)), decimals) * scale
    data[rng.random(data.shape) < 0.2] = np.nan
    target = np.r_[np.arange(classes), rng.integers(0, classes, 200 - classes)]
    model = HistGradientBoostingClassifier(max_leaf_nodes=leaves, max_iter=4, min_samples_leaf=3).fit(data, target)
    rows = rows_for(model, data)
    assert same_bits(reference.raw_scores(read_ensemble(model), rows), raw(model, rows))
