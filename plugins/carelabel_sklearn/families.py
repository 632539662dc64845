"""Which family an estimator belongs to, judged by its class and its parents."""

from __future__ import annotations

from typing import Any, Final

from sklearn.base import is_classifier, is_clusterer, is_regressor
from sklearn.utils import get_tags

# By class name, first match along the method resolution order.
BY_CLASS: Final = {
    "DecisionTreeClassifier": "decision-tree",
    "DecisionTreeRegressor": "decision-tree",
    "RandomForestClassifier": "random-forest",
    "RandomForestRegressor": "random-forest",
    "ExtraTreesClassifier": "extra-trees",
    "ExtraTreesRegressor": "extra-trees",
    "GradientBoostingClassifier": "gradient-boosting",
    "GradientBoostingRegressor": "gradient-boosting",
    "HistGradientBoostingClassifier": "hist-gradient-boosting",
    "HistGradientBoostingRegressor": "hist-gradient-boosting",
    # These two are fitted as support vector machines and computed as one dot product.
    "LinearSVC": "linear",
    "LinearSVR": "linear",
    "LinearDiscriminantAnalysis": "linear",
    "MLPClassifier": "mlp",
    "MLPRegressor": "mlp",
    "KMeans": "k-means",
    "MiniBatchKMeans": "k-means",
    "BisectingKMeans": "k-means",
    "Pipeline": "pipeline",
}
# By module, for the packages in which everything is of one family.
BY_MODULE: Final = {
    "sklearn.svm": "svm",
    "sklearn.linear_model": "linear",
    "sklearn.naive_bayes": "naive-bayes",
    "sklearn.neighbors": "nearest-neighbours",
    "sklearn.gaussian_process": "gaussian-process",
    "sklearn.mixture": "gaussian-mixture",
}
# Boosters with scikit-learn's manners, by the package they come from: they are models of their own frameworks, and what
# converts those takes them too.
BOOSTERS: Final = frozenset({"xgboost", "lightgbm", "catboost"})
FLOAT32_TREES: Final = frozenset({"decision-tree", "random-forest", "extra-trees", "gradient-boosting"})
"""Families that round their inputs to float32 and compare them with float64 thresholds."""


def family_of(estimator: Any) -> str:  # noqa: ANN401 - any estimator
    """The family's name, ``other`` when it is none of the known ones; a search is its best estimator."""
    for parent in type(searched(estimator)).__mro__:
        if not parent.__module__.startswith("sklearn."):
            continue
        if parent.__name__ in BY_CLASS:
            return BY_CLASS[parent.__name__]
        for module, family in BY_MODULE.items():
            if f"{parent.__module__}.".startswith(f"{module}."):
                return family
    return "other"


def framework_of(estimator: Any) -> str:  # noqa: ANN401 - as above
    """The framework that computes the predictions: a booster's own, else scikit-learn."""
    root = type(searched(estimator)).__module__.partition(".")[0]
    return root if root in BOOSTERS else "scikit-learn"


def stated_family(estimator: Any) -> str:  # noqa: ANN401 - as above
    """The family for the facts: `family_of`, and boosters by what they are."""
    if framework_of(estimator) == "scikit-learn":
        return family_of(estimator)
    is_forest = any(parent.__name__.startswith("XGBRF") for parent in type(searched(estimator)).__mro__)
    return "random-forest" if is_forest else "gradient-boosting"


def searched(estimator: Any) -> Any:  # noqa: ANN401 - as above
    """The estimator that a fitted parameter search predicts with, or the estimator itself."""
    return getattr(estimator, "best_estimator_", estimator)


def final_step(estimator: Any) -> Any:  # noqa: ANN401 - as above
    """The estimator that gives the prediction: the last step of a Pipeline, however deep."""
    estimator = searched(estimator)
    while family_of(estimator) == "pipeline":
        estimator = searched(estimator.steps[-1][1])
    return estimator


def task_of(estimator: Any) -> str:  # noqa: ANN401 - as above
    """What the estimator says it does, or empty when it says nothing that has a name here."""
    if is_classifier(estimator):
        return "classification"
    if is_regressor(estimator):
        return "regression"
    if is_clusterer(estimator) or family_of(final_step(estimator)) == "gaussian-mixture":
        return "clustering"
    return "outlier-detection" if get_tags(estimator).estimator_type == "outlier_detector" else ""
