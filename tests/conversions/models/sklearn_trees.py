"""Tree models of scikit-learn, pickled."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.conversions.models.given import WORDS, Given, pickled, points, with_categories, with_extremes, with_gaps

if TYPE_CHECKING:
    from pathlib import Path

TREES = {"n_estimators": 10, "random_state": 0}


def decision_tree_classifier(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, DecisionTreeClassifier(max_depth=6, random_state=0), x, WORDS[y])


def decision_tree_regressor(folder: Path) -> Given:
    x, _, target = points()
    return pickled(folder, DecisionTreeRegressor(max_depth=6, random_state=0), x, target, "regression")


def random_forest_classifier(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, RandomForestClassifier(**TREES), x, WORDS[y])


def random_forest_regressor(folder: Path) -> Given:
    x, _, target = points()
    return pickled(folder, RandomForestRegressor(**TREES), x, target, "regression")


def random_forest_two_targets(folder: Path) -> Given:
    x, _, target = points()
    both = np.column_stack([target, -2 * target])
    return pickled(folder, RandomForestRegressor(**TREES), x, both, "regression")


def random_forest_missing(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, RandomForestClassifier(**TREES), with_gaps(x), y)


def random_forest_of_one(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, RandomForestClassifier(n_estimators=1, random_state=0), x, y)


def random_forest_one_class(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, RandomForestClassifier(**TREES), x, np.zeros_like(y))


def extra_trees_classifier(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, ExtraTreesClassifier(**TREES), x, y)


def extra_trees_regressor(folder: Path) -> Given:
    x, _, target = points()
    return pickled(folder, ExtraTreesRegressor(**TREES), x, target, "regression")


def gradient_boosting_classifier(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, GradientBoostingClassifier(**TREES), x, y)


def gradient_boosting_exponential(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, GradientBoostingClassifier(loss="exponential", **TREES), x, np.minimum(y, 1))


def gradient_boosting_own_start(folder: Path) -> Given:
    x, _, target = points()
    return pickled(folder, GradientBoostingRegressor(init=LinearRegression(), **TREES), x, target, "regression")


def gradient_boosting_regressor(folder: Path) -> Given:
    x, _, target = points()
    return pickled(folder, GradientBoostingRegressor(**TREES), x, target, "regression")


def hist_gradient_boosting_classifier(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, HistGradientBoostingClassifier(max_iter=8), x, WORDS[y])


def hist_gradient_boosting_regressor(folder: Path) -> Given:
    x, _, target = points()
    return pickled(folder, HistGradientBoostingRegressor(max_iter=8), x, target, "regression")


def hist_gradient_boosting_missing(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, HistGradientBoostingClassifier(max_iter=8), with_gaps(x), y)


def hist_gradient_boosting_extremes(folder: Path) -> Given:
    """Values that are missing or infinite, in training and afterwards."""
    x, y, _ = points()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # binning subtracts infinities
        return pickled(folder, HistGradientBoostingClassifier(max_iter=8), with_extremes(x), y)


def hist_gradient_boosting_one_value(folder: Path) -> Given:
    x, _, target = points()
    return pickled(folder, HistGradientBoostingRegressor(max_iter=8), x, np.full_like(target, 2.0), "regression")


def hist_gradient_boosting_one_stage(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, HistGradientBoostingClassifier(max_iter=1), x, np.minimum(y, 1))


def hist_gradient_boosting_categories(folder: Path) -> Given:
    x, y, _ = points()
    x = with_categories(x)
    y = (y + x[:, 0].astype(int)) % 3
    return pickled(folder, HistGradientBoostingClassifier(max_iter=8, categorical_features=[0]), x, y)


def hist_gradient_boosting_new_categories(folder: Path) -> Given:
    """Half of the test rows are of a category that the training data did not hold."""
    given = hist_gradient_boosting_categories(folder)
    given.x[::2, 0] = 77
    return given


def support_vectors(folder: Path) -> Given:
    x, y, _ = points()
    return pickled(folder, SVC(), x, y)
