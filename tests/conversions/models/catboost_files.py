"""CatBoost models, most of them in its own files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from catboost import CatBoostClassifier, CatBoostRegressor

from tests.conversions.models.given import TRAIN, WORDS, Given, pickled, points, with_extremes, with_gaps

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CATS = {"iterations": 10, "depth": 4, "verbose": 0, "allow_writing_files": False, "random_seed": 0, "thread_count": 1}


def _catboost(folder: Path, model: Any, x: Any, y: NDArray[Any], task: str = "classification") -> Given:
    model.fit(x[:TRAIN], y[:TRAIN])
    path = folder / "model.cbm"
    model.save_model(path)
    return Given(path=path, x=x[TRAIN:], y=y[TRAIN:], task=task)


def catboost_classifier(folder: Path) -> Given:
    x, y, _ = points()
    return _catboost(folder, CatBoostClassifier(**CATS), x, WORDS[y])


def catboost_binary(folder: Path) -> Given:
    x, y, _ = points()
    return _catboost(folder, CatBoostClassifier(**CATS), with_gaps(x), np.minimum(y, 1))


def catboost_regressor(folder: Path) -> Given:
    x, _, target = points()
    return _catboost(folder, CatBoostRegressor(**CATS), x, target, "regression")


def catboost_counts(folder: Path) -> Given:
    x, _, target = points()
    model = CatBoostRegressor(loss_function="Poisson", **CATS)
    return _catboost(folder, model, x, np.maximum(target, 0.0), "regression")


def catboost_two_targets(folder: Path) -> Given:
    x, _, target = points()
    both = np.column_stack([target, -2 * target])
    return _catboost(folder, CatBoostRegressor(loss_function="MultiRMSE", **CATS), x, both, "regression")


def catboost_one_against_all(folder: Path) -> Given:
    x, y, _ = points()
    return _catboost(folder, CatBoostClassifier(loss_function="MultiClassOneVsAll", **CATS), x, y)


def catboost_leafwise(folder: Path) -> Given:
    x, y, _ = points()
    return _catboost(folder, CatBoostClassifier(grow_policy="Lossguide", **CATS), x, y)


def catboost_extremes(folder: Path) -> Given:
    x, y, _ = points()
    return _catboost(folder, CatBoostClassifier(**CATS), with_extremes(x), y)


def catboost_one_tree(folder: Path) -> Given:
    x, _, target = points()
    return _catboost(folder, CatBoostRegressor(**{**CATS, "iterations": 1}), x, target, "regression")


def catboost_pickled(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, CatBoostClassifier(**CATS), x, WORDS[y])
