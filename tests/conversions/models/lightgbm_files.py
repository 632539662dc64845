"""LightGBM models, most of them in its own files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from lightgbm import LGBMClassifier, LGBMRegressor

from tests.conversions.models.given import (
    TRAIN,
    WORDS,
    Given,
    pickled,
    points,
    with_categories,
    with_extremes,
    with_gaps,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

QUIET = {"n_estimators": 10, "random_state": 0, "verbose": -1, "n_jobs": 1}


def _lightgbm(folder: Path, model: Any, x: NDArray[np.float64], y: NDArray[Any], **settings: Any) -> Given:
    task = settings.pop("task", "classification")
    model.fit(x[:TRAIN], y[:TRAIN], **settings)
    path = folder / "model.txt"
    model.booster_.save_model(path)
    return Given(path=path, x=x[TRAIN:], y=y[TRAIN:], task=task)


def lightgbm_classifier(folder: Path) -> Given:
    x, y, _ = points()
    return _lightgbm(folder, LGBMClassifier(**QUIET), x, y)


def lightgbm_binary(folder: Path) -> Given:
    """The model numbers its classes, the data names them."""

    x, y, _ = points()
    return _lightgbm(folder, LGBMClassifier(**QUIET), with_gaps(x), WORDS[np.minimum(y, 1)])


def lightgbm_regressor(folder: Path) -> Given:
    x, _, target = points()
    return _lightgbm(folder, LGBMRegressor(**QUIET), x, target, task="regression")


def lightgbm_forest(folder: Path) -> Given:
    x, y, _ = points()
    model = LGBMClassifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.7, **QUIET)
    return _lightgbm(folder, model, x, y)


def lightgbm_one_against_all(folder: Path) -> Given:
    x, y, _ = points()
    return _lightgbm(folder, LGBMClassifier(objective="multiclassova", **QUIET), x, y)


def lightgbm_linear_leaves(folder: Path) -> Given:
    x, _, target = points()
    return _lightgbm(folder, LGBMRegressor(linear_tree=True, **QUIET), x, target, task="regression")


def lightgbm_root(folder: Path) -> Given:
    x, _, target = points()
    return _lightgbm(folder, LGBMRegressor(reg_sqrt=True, **QUIET), x, target, task="regression")


def lightgbm_counts(folder: Path) -> Given:
    x, _, target = points()
    model = LGBMRegressor(objective="poisson", **QUIET)
    return _lightgbm(folder, model, x, np.maximum(target, 0.0), task="regression")


def lightgbm_zero_is_missing(folder: Path) -> Given:
    x, _, target = points()
    return _lightgbm(folder, LGBMRegressor(zero_as_missing=True, **QUIET), with_gaps(x), target, task="regression")


def lightgbm_categories(folder: Path) -> Given:
    x, y, _ = points()
    x = with_categories(x)
    y = (y + x[:, 0].astype(int)) % 3
    return _lightgbm(folder, LGBMClassifier(**QUIET), x, y, categorical_feature=[0])


def lightgbm_extremes(folder: Path) -> Given:
    x, y, _ = points()
    return _lightgbm(folder, LGBMClassifier(**QUIET), with_extremes(x), y)


def lightgbm_one_tree(folder: Path) -> Given:
    x, _, target = points()
    return _lightgbm(folder, LGBMRegressor(**{**QUIET, "n_estimators": 1}), x, target, task="regression")


def lightgbm_pickled(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, LGBMClassifier(**QUIET), x, WORDS[y])
