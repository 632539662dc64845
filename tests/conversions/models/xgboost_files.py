"""XGBoost models, most of them in its own files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier, XGBRegressor, XGBRFClassifier, XGBRFRegressor

from tests.conversions.models.given import TRAIN, WORDS, Given, pickled, points, with_gaps

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def _xgboost(folder: Path, model: Any, x: NDArray[np.float64], y: NDArray[Any], **settings: Any) -> Given:
    suffix, task = settings.pop("suffix", ".json"), settings.pop("task", "classification")
    model.set_params(n_jobs=1, random_state=0).fit(x[:TRAIN], y[:TRAIN], verbose=False, **settings)
    path = folder / f"model{suffix}"
    model.save_model(path)
    return Given(path=path, x=x[TRAIN:], y=y[TRAIN:], task=task)


def xgboost_classifier(folder: Path) -> Given:
    x, y, _ = points()
    return _xgboost(folder, XGBClassifier(n_estimators=10), x, y)


def xgboost_binary(folder: Path) -> Given:
    x, y, _ = points()
    return _xgboost(folder, XGBClassifier(n_estimators=10), with_gaps(x), np.minimum(y, 1), suffix=".ubj")


def xgboost_coded_words(folder: Path) -> Given:
    """The model numbers its classes, the data names them."""
    given = xgboost_classifier(folder)
    return Given(path=given.path, x=given.x, y=WORDS[given.y])


def xgboost_regressor(folder: Path) -> Given:
    x, _, target = points()
    return _xgboost(folder, XGBRegressor(n_estimators=10), x, target, task="regression")


def xgboost_stopped_early(folder: Path) -> Given:
    x, _, target = points()
    noise = np.random.default_rng(5).normal(scale=8.0, size=TRAIN)
    model = XGBRegressor(n_estimators=60, early_stopping_rounds=3)
    return _xgboost(folder, model, x, target, eval_set=[(x[:TRAIN], target[:TRAIN] + noise)], task="regression")


def xgboost_counts(folder: Path) -> Given:
    x, _, target = points()
    model = XGBRegressor(n_estimators=10, objective="count:poisson")
    return _xgboost(folder, model, x, np.maximum(target, 0.0), task="regression")


def xgboost_share(folder: Path) -> Given:
    x, y, _ = points()
    model = XGBRegressor(n_estimators=10, objective="reg:logistic")
    return _xgboost(folder, model, x, y / 2.0, task="regression")


def xgboost_two_targets(folder: Path) -> Given:
    x, _, target = points()
    both = np.column_stack([target, -2 * target])
    return _xgboost(folder, XGBRegressor(n_estimators=10), x, both, task="regression")


def xgboost_forest(folder: Path) -> Given:
    x, y, _ = points()
    return _xgboost(folder, XGBRFClassifier(n_estimators=10), x, y)


def xgboost_forest_regressor(folder: Path) -> Given:
    x, _, target = points()
    return _xgboost(folder, XGBRFRegressor(n_estimators=10), x, target, task="regression")


def xgboost_dart(folder: Path) -> Given:
    x, y, _ = points()
    return _xgboost(folder, XGBClassifier(n_estimators=10, booster="dart", rate_drop=0.3), x, y)


def xgboost_linear(folder: Path) -> Given:
    x, y, _ = points()
    return _xgboost(folder, XGBClassifier(n_estimators=10, booster="gblinear"), x, y)


def xgboost_one_tree(folder: Path) -> Given:
    x, y, _ = points()
    return _xgboost(folder, XGBClassifier(n_estimators=1), x, np.minimum(y, 1))


def xgboost_pickled(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, XGBClassifier(n_estimators=10, n_jobs=1, random_state=0), x, y)


def xgboost_in_pipeline(folder: Path) -> Given:
    x, y, _ = points()
    model = XGBClassifier(n_estimators=10, n_jobs=1, random_state=0)
    return pickled(folder, make_pipeline(StandardScaler(), model), x, y)
