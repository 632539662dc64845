"""XGBoost's models are read with the same bits of margins: float32 sums, `<`, missing values, categories, dart."""

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

xgb = pytest.importorskip("xgboost")

RNG = np.random.default_rng(0)
X = np.round(RNG.normal(size=(400, 4)), 1)
X[:, 1] = RNG.integers(0, 40, 400)
X[RNG.random(X.shape) < 0.15] = np.nan
VALUE = np.nan_to_num(X[:, 0]) * 2 + np.nan_to_num(X[:, 1]) % 3 + RNG.normal(size=400) * 0.1
CLASS = np.digitize(VALUE, [0.0, 2.0])
BINARY = (VALUE > 1).astype(int)
FAST = {"n_estimators": 12, "n_jobs": 1, "max_depth": 4}
CATEGORIES = {"enable_categorical": True, "feature_types": ["q", "c", "q", "q"]}


def rows_for(model: Any, data: np.ndarray) -> np.ndarray:
    """Data and probing rows; XGBoost refuses infinities.

    In a categorical column values between -1 and 0 are left out: the library takes them for invalid.
    """
    e = read_ensemble(model)
    rows = np.concatenate((data, probe_rows(e, 1500, infinite=False, base=data)))
    if e.is_categorical.any():
        rows = rows[~((rows[:, 1] > -1) & (rows[:, 1] < 0))]
    return rows.astype(np.float32)


def check_margins(model: Any, data: np.ndarray = X) -> np.ndarray:
    """Raw scores have the bits of the margins; returns the rows."""
    rows = rows_for(model, data)
    given_rows = xgb.DMatrix(rows) if isinstance(model, xgb.Booster) else rows
    margins = np.asarray(model.predict(given_rows, output_margin=True)).reshape(len(rows), -1)
    assert same_bits(reference.raw_scores(read_ensemble(model), rows), margins)
    return rows


def check_classes(model: Any) -> None:
    e, rows = read_ensemble(model), check_margins(model)
    assert (reference.predict(e, rows) == model.predict(rows)).all()
    np.testing.assert_allclose(reference.predict_proba(e, rows), model.predict_proba(rows), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("target", [CLASS, BINARY], ids=["three", "two"])
@pytest.mark.parametrize(
    "options",
    [{}, {"base_score": 0.3}, {"booster": "dart", "rate_drop": 0.4}, {"num_parallel_tree": 3}, {"max_depth": 0}],
    ids=str,
)
def test_classifiers(target: np.ndarray, options: dict[str, Any]) -> None:
    check_classes(xgb.XGBClassifier(**FAST | options).fit(X, target))


@pytest.mark.parametrize("cls", ["XGBRFClassifier", "XGBRFRegressor"])
def test_random_forests(cls: str) -> None:
    check_margins(getattr(xgb, cls)(**FAST).fit(X, BINARY))


@pytest.mark.parametrize(
    "objective",
    ["reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "count:poisson", "reg:gamma", "reg:tweedie"],
)
def test_regressors(objective: str) -> None:
    model = xgb.XGBRegressor(objective=objective, **FAST).fit(X, np.abs(VALUE) + 0.1)
    rows = check_margins(model)
    np.testing.assert_allclose(reference.predict(read_ensemble(model), rows), model.predict(rows), rtol=1e-6)


def test_logistic_regression_and_several_targets() -> None:
    check_margins(xgb.XGBRegressor(objective="reg:logistic", **FAST).fit(X, BINARY))
    model = xgb.XGBRegressor(**FAST).fit(X, np.stack((VALUE, -VALUE), axis=1))
    assert reference.predict(read_ensemble(model), X).shape == (400, 2)
    check_margins(model)
    quantiles = {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.9]}
    check_margins(xgb.XGBRegressor(**FAST, **quantiles).fit(X, VALUE))


@pytest.mark.parametrize("base_score", [*np.linspace(0.01, 0.99, 15).tolist(), 0.5036855])
def test_base_score_becomes_the_same_margin(base_score: float) -> None:
    for objective in ("binary:logistic", "count:poisson"):
        settings_ = {"objective": objective, "base_score": base_score, "eta": 0.1, "nthread": 1}
        check_margins(xgb.train(settings_, xgb.DMatrix(X, BINARY), 1), X[:50])


@pytest.mark.parametrize("one_hot", [1, 100], ids=["sets", "one-hot"])
def test_categories(one_hot: int) -> None:
    check_classes(xgb.XGBClassifier(max_cat_to_onehot=one_hot, **CATEGORIES, **FAST).fit(X, CLASS))
    assert read_ensemble(xgb.XGBClassifier(**CATEGORIES, **FAST).fit(X, CLASS)).is_categorical.any()


def test_early_stopping_counts_for_the_wrapper_only() -> None:
    model = xgb.XGBClassifier(**FAST | {"n_estimators": 200}, early_stopping_rounds=2)
    model.fit(X[:200], CLASS[:200], eval_set=[(X[200:], CLASS[200:])], verbose=False)
    assert read_ensemble(model).n_trees == 3 * (model.best_iteration + 1)
    assert read_ensemble(model.get_booster()).n_trees > read_ensemble(model).n_trees
    check_classes(model)
    check_margins(model.get_booster())


def test_pruned_nodes_are_left_out() -> None:
    model = xgb.XGBRegressor(gamma=3.0, tree_method="exact", **FAST).fit(X, VALUE)
    check_margins(model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (xgb.XGBClassifier(), "XGBClassifier has no booster: call fit first"),
        (xgb.XGBRegressor(booster="gblinear", n_estimators=1), "booster must be gbtree or dart, got 'gblinear'"),
        (xgb.XGBRegressor(missing=-1.0, n_estimators=1), r"missing must be NaN, got -1\.0"),
        (xgb.XGBRegressor(objective="binary:hinge", n_estimators=1), "objective must be one of .*got 'binary:hinge'"),
        (
            xgb.XGBRegressor(multi_strategy="multi_output_tree", tree_method="hist", n_estimators=1),
            "trees must hold one value a leaf",
        ),
    ],
    ids=["unfitted", "linear", "missing", "objective", "vectors"],
)
def test_what_is_refused(model: Any, message: str) -> None:
    if isinstance(model, xgb.XGBRegressor):
        target = np.stack((VALUE, VALUE), axis=1) if model.multi_strategy else BINARY
        model.fit(np.nan_to_num(X), target)
    with pytest.raises(UnsupportedModelError, match=message):
        read_ensemble(model)


@given(
    seed=st.integers(0, 2**31),
    depth=st.integers(1, 7),
    classes=st.integers(2, 4),
    decimals=st.integers(0, 3),
    scale=st.sampled_from([1.0, 1e-38, 1e30]),
)
@settings(max_examples=20, deadline=None)
def test_random_models(seed: int, depth: int, classes: int, decimals: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    data = np.round(rng.normal(size=(100, 3)), decimals) * scale
    data[rng.random(data.shape) < 0.2] = np.nan
    target = np.r_[np.arange(classes), rng.integers(0, classes, 100 - classes)]
    check_margins(xgb.XGBClassifier(n_estimators=4, max_depth=depth, n_jobs=1).fit(data, target), data)
