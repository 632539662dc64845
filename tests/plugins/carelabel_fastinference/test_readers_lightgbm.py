"""LightGBM's models are read with the same bits of raw scores: missing types, categories, dart and random forests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelabel_fastinference import reference
from carelabel_fastinference.errors import UnsupportedModelError
from carelabel_fastinference.probing import probe_rows, same_bits
from carelabel_fastinference.readers import read_ensemble

lgb = pytest.importorskip("lightgbm")
pytestmark = [
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
    pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated"),
]

RNG = np.random.default_rng(0)
X = np.round(RNG.normal(size=(500, 4)), 1)
X[:, 1] = RNG.integers(0, 40, 500)
X_NAN = np.where(RNG.random(X.shape) < 0.15, np.nan, X)
X_ZERO = np.where(RNG.random(X.shape) < 0.2, 0.0, X_NAN)
VALUE = X[:, 0] * 2 + X[:, 1] % 3 + RNG.normal(size=500) * 0.1
CLASS = np.array(["ape", "bee", "cat"])[np.digitize(VALUE, [0.0, 2.0])]
FAST = {"n_estimators": 12, "n_jobs": 1, "verbose": -1}


def check_scores(model: Any, data: np.ndarray, *, divided_by: int = 1) -> np.ndarray:
    """Raw scores have the same bits on data, thresholds, NaN and infinities; returns the rows."""
    e = read_ensemble(model)
    rows = np.concatenate((data, probe_rows(e, 1500, base=data)))
    theirs = model.predict(rows, raw_score=True).reshape(len(rows), -1) / divided_by
    assert same_bits(reference.raw_scores(e, rows), theirs)
    return rows


def check_classes(model: Any, data: np.ndarray, **options: Any) -> None:
    e, rows = read_ensemble(model), check_scores(model, data, **options)
    assert (reference.predict(e, rows) == model.predict(rows)).all()
    np.testing.assert_allclose(reference.predict_proba(e, rows), model.predict_proba(rows), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("target", [CLASS, VALUE > 0], ids=["three", "two"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"boosting_type": "dart", "drop_rate": 0.4},
        {"zero_as_missing": True},
        {"use_missing": False},
        {"boosting_type": "goss"},
        {"extra_trees": True, "path_smooth": 0.5},
    ],
    ids=str,
)
@pytest.mark.parametrize("data", [X, X_NAN, X_ZERO], ids=["complete", "missing", "zeros"])
@pytest.mark.filterwarnings("ignore:Found boosting=goss")
def test_classifiers(target: np.ndarray, options: dict[str, Any], data: np.ndarray) -> None:
    check_classes(lgb.LGBMClassifier(**FAST, **options).fit(data, target), data)


def test_all_missing_types_occur() -> None:
    assert read_ensemble(lgb.LGBMClassifier(**FAST).fit(X, CLASS)).zero_as_missing is None
    zero = read_ensemble(lgb.LGBMClassifier(zero_as_missing=True, **FAST).fit(X_ZERO, CLASS)).zero_as_missing
    assert zero is not None
    assert zero.any()


@pytest.mark.parametrize(
    "options", [{}, {"objective": "multiclassova"}, {"max_cat_to_onehot": 100, "min_child_samples": 5}], ids=str
)
@pytest.mark.parametrize("data", [X, X_NAN], ids=["complete", "missing"])
def test_categories(options: dict[str, Any], data: np.ndarray) -> None:
    model = lgb.LGBMClassifier(min_data_per_group=5, **FAST, **options)
    model.fit(data, CLASS, categorical_feature=[1])
    assert read_ensemble(model).is_categorical.any()
    check_classes(model, data)


def test_random_forest_mode_divides() -> None:
    """The library's raw scores are the sums; it divides before the link."""
    model = lgb.LGBMClassifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, **FAST).fit(X_NAN, CLASS)
    assert read_ensemble(model).aggregation == "mean"
    check_classes(model, X_NAN, divided_by=12)


@pytest.mark.parametrize(
    "objective",
    [
        "regression",
        "regression_l1",
        "huber",
        "fair",
        "quantile",
        "mape",
        "poisson",
        "gamma",
        "tweedie",
        "cross_entropy",
    ],
)
def test_regressors(objective: str) -> None:
    target = (VALUE > 0).astype(float) if objective == "cross_entropy" else np.abs(VALUE) + 0.1
    model = lgb.LGBMRegressor(objective=objective, **FAST).fit(X_NAN, target)
    rows = check_scores(model, X_NAN)
    np.testing.assert_allclose(reference.predict(read_ensemble(model), rows), model.predict(rows), rtol=1e-14)


def test_sigmoid_and_weights_of_classes() -> None:
    check_classes(lgb.LGBMClassifier(sigmoid=0.7, is_unbalance=True, **FAST).fit(X_NAN, VALUE > 1), X_NAN)


def test_boosters_and_early_stopping() -> None:
    model = lgb.LGBMClassifier(**FAST | {"n_estimators": 200})
    stop = lgb.early_stopping(3, verbose=False)
    model.fit(X[:300], CLASS[:300], eval_set=[(X[300:], CLASS[300:])], callbacks=[stop])
    assert read_ensemble(model).n_trees == 3 * model.best_iteration_
    check_classes(model, X)
    check_scores(model.booster_, X)


def test_constant_trees() -> None:
    check_scores(lgb.LGBMRegressor(min_child_samples=1000, **FAST).fit(X, VALUE), X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"linear_tree": True}, "leaves must hold constants, got linear_tree=True"),
        ({"reg_sqrt": True}, "objective must be one of .*got 'regression sqrt'"),
        ({"objective": "cross_entropy_lambda"}, "objective must be one of .*got 'cross_entropy_lambda'"),
    ],
    ids=str,
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    model = lgb.LGBMRegressor(**FAST, **options).fit(X, (VALUE > 0).astype(float))
    with pytest.raises(UnsupportedModelError, match=message):
        read_ensemble(model)


def test_unfitted_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="LGBMRegressor has no booster: call fit first"):
        read_ensemble(lgb.LGBMRegressor())


@given(
    seed=st.integers(0, 2**31),
    leaves=st.integers(2, 40),
    classes=st.integers(2, 4),
    decimals=st.integers(0, 3),
    scale=st.sampled_from([1.0, 1e-35, 1e-300, 1e200]),
)
@settings(max_examples=20, deadline=None)
def test_random_models(seed: int, leaves: int, classes: int, decimals: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    data = np.round(rng.normal(size=(150, 3)), decimals) * scale
    data[rng.random(data.shape) < 0.2] = np.nan
    target = np.r_[np.arange(classes), rng.integers(0, classes, 150 - classes)]
    model = lgb.LGBMClassifier(num_leaves=leaves, min_child_samples=2, **FAST | {"n_estimators": 3})
    check_scores(model.fit(data, target), data)
