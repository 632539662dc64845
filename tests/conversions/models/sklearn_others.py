"""scikit-learn models that engines for tensors take, and forests to prune, with their training sets."""

from __future__ import annotations

import pickle
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.conversions.models.given import TRAIN, WORDS, points
from tests.conversions.models.trained import WithTrain, with_train

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.conversions.models.given import Given


def _pickled(folder: Path, model: Any, x: NDArray[Any], y: NDArray[Any], task: str = "classification") -> Given:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # small networks stop before they have converged
        model.fit(x[:TRAIN], y[:TRAIN])
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    return with_train(folder / "model.pkl", x, y, task)


def sklearn_logistic(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, LogisticRegression(), x, y)


def sklearn_logistic_two_classes(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, LogisticRegression(), x, np.minimum(y, 1))


def sklearn_logistic_pipeline(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, make_pipeline(StandardScaler(), LogisticRegression()), x, y)


def sklearn_ridge(folder: Path) -> Given:
    x, _, target = points()
    return _pickled(folder, Ridge(), x, target, "regression")


def sklearn_naive_bayes(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, GaussianNB(), x, y)


def sklearn_mlp(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, MLPClassifier((16,), max_iter=40, random_state=0), x, y)


def sklearn_mlp_regressor(folder: Path) -> Given:
    x, _, target = points()
    model = MLPRegressor(hidden_layer_sizes=(16,), max_iter=100, random_state=0)
    return _pickled(folder, model, x, target, "regression")


def sklearn_svc(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, SVC(), x, y)


def sklearn_svr(folder: Path) -> Given:
    x, _, target = points()
    return _pickled(folder, SVR(), x, target, "regression")


def sklearn_tree(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, DecisionTreeClassifier(random_state=0), x, y)


def sklearn_stump_of_a_leaf(folder: Path) -> Given:
    """A tree without a split."""
    x, y, _ = points()
    return _pickled(folder, DecisionTreeClassifier(min_samples_leaf=TRAIN), x, y)


def sklearn_tree_regressor(folder: Path) -> Given:
    x, _, target = points()
    return _pickled(folder, DecisionTreeRegressor(random_state=0), x, target, "regression")


def sklearn_forest(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, RandomForestClassifier(20, random_state=0), x, y)


def sklearn_forest_words(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, RandomForestClassifier(20, random_state=0), x, WORDS[y])


def sklearn_forest_of_one(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, RandomForestClassifier(1, random_state=0), x, y)


def sklearn_forest_regressor(folder: Path) -> Given:
    x, _, target = points()
    return _pickled(folder, RandomForestRegressor(20, random_state=0), x, target, "regression")


def sklearn_forest_regressor_diabetes(folder: Path) -> Given:
    """Deep trees on values that occur again and again."""
    x, target = load_diabetes(return_X_y=True)
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(RandomForestRegressor(20, random_state=0).fit(x, target)))
    return WithTrain(path=path, x=x, y=target, task="regression", train=(x, target))


def sklearn_shallow_forest_regressor(folder: Path) -> Given:
    x, _, target = points()
    return _pickled(folder, RandomForestRegressor(20, max_depth=3, random_state=0), x, target, "regression")


def sklearn_extra_trees(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, ExtraTreesClassifier(20, random_state=0), x, y)


def sklearn_boosting(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, GradientBoostingClassifier(n_estimators=10, random_state=0), x, y)


def sklearn_hist_boosting(folder: Path) -> Given:
    x, y, _ = points()
    return _pickled(folder, HistGradientBoostingClassifier(max_iter=8), x, y)


def sklearn_hist_boosting_lone_leaves(folder: Path) -> Given:
    """Late stages find nothing left to split, so that they are trees of one leaf."""
    x, _, _ = points()
    y = (x[:, 0] > 0).astype(int) + (x[:, 0] > 1)
    return _pickled(folder, HistGradientBoostingClassifier(max_iter=100), x[:, :3], y)


def sklearn_hist_boosting_regressor(folder: Path) -> Given:
    x, _, target = points()
    return _pickled(folder, HistGradientBoostingRegressor(max_iter=8), x, target, "regression")
