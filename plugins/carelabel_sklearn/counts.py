"""How many learned things a fitted estimator holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carelabel_sklearn.families import family_of, final_step, searched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LEARNED = {
    "linear": ("coef_", "intercept_"),
    "naive-bayes": (
        "theta_",
        "var_",
        "feature_log_prob_",
        "class_log_prior_",
        "class_prior_",
    ),
    "gaussian-process": ("X_train_", "alpha_"),
    "gaussian-mixture": ("weights_", "means_", "covariances_"),
}


def counts_of(estimator: Any) -> tuple[dict[str, int], int | None]:  # noqa: ANN401 - any estimator
    """Named counts, and the number of learned numbers where it is known.

    Trees: a threshold for each split and the values of each leaf. Support vector machines: the support vectors, their
    weights and the intercepts. Everything else: all elements of the fitted arrays. A Pipeline counts its last step.
    """
    outer = searched(estimator)
    last = final_step(estimator)
    family = family_of(last)
    counts, parameters = _FAMILIES.get(family, _arrays)(last)
    steps = {"steps": len(outer.steps)} if family_of(outer) == "pipeline" else {}
    return {**steps, **counts}, parameters


def sklearn_trees(estimator: Any) -> list[Any]:  # noqa: ANN401 - as above
    """The compiled trees of a decision tree, forest or gradient boosting, in the order in which they are summed."""
    if family_of(estimator) == "decision-tree":
        return [estimator.tree_]
    members = estimator.estimators_
    return [member.tree_ for member in (members.ravel() if hasattr(members, "ravel") else members)]


def hist_trees(estimator: Any) -> list[Any]:  # noqa: ANN401 - as above
    """The predictors of a histogram gradient boosting, in the order in which they are summed."""
    return [tree for stage in estimator._predictors for tree in stage]  # noqa: SLF001 - there is no public way


def _trees(estimator: Any) -> tuple[dict[str, int], int]:  # noqa: ANN401 - as above
    trees = sklearn_trees(estimator)
    values = sum(tree.n_leaves * tree.value[0].size for tree in trees)
    return _tree_counts([tree.node_count for tree in trees], [tree.n_leaves for tree in trees], values)


def _hist(estimator: Any) -> tuple[dict[str, int], int]:  # noqa: ANN401 - as above
    nodes = [tree.nodes for tree in hist_trees(estimator)]
    leaves = [int(tree["is_leaf"].sum()) for tree in nodes]
    return _tree_counts([len(tree) for tree in nodes], leaves, sum(leaves))


def _tree_counts(nodes: list[int], leaves: list[int], leaf_values: int) -> tuple[dict[str, int], int]:
    thresholds = sum(nodes) - sum(leaves)
    counts = {"trees": len(nodes), "nodes": sum(nodes), "leaves": sum(leaves), "thresholds": thresholds}
    return {name: int(count) for name, count in counts.items()}, int(thresholds + leaf_values)


def _svm(estimator: Any) -> tuple[dict[str, int], int]:  # noqa: ANN401 - as above
    vectors = int(estimator.support_vectors_.shape[0])
    coefficients = _size(estimator.dual_coef_)
    total = _size(estimator.support_vectors_) + coefficients + _size(estimator.intercept_)
    return {"support_vectors": vectors, "coefficients": coefficients}, total


def _mlp(estimator: Any) -> tuple[dict[str, int], int]:  # noqa: ANN401 - as above
    weights, biases = _sizes(estimator.coefs_), _sizes(estimator.intercepts_)
    return {"layers": int(estimator.n_layers_), "weights": weights, "biases": biases}, weights + biases


def _neighbours(estimator: Any) -> tuple[dict[str, int], int | None]:  # noqa: ANN401 - as above
    stored = getattr(estimator, "_fit_X", None)  # NearestCentroid keeps none
    if stored is None:
        return _arrays(estimator)
    return {"stored_rows": int(stored.shape[0])}, _size(stored)


def _kmeans(estimator: Any) -> tuple[dict[str, int], int]:  # noqa: ANN401 - as above
    return {"clusters": int(estimator.cluster_centers_.shape[0])}, _size(estimator.cluster_centers_)


def _named(family: str) -> Callable[[Any], tuple[dict[str, int], int]]:
    def count(estimator: Any) -> tuple[dict[str, int], int]:  # noqa: ANN401 - as above
        total = _sizes(getattr(estimator, name) for name in _LEARNED[family] if hasattr(estimator, name))
        return {"coefficients": total}, total

    return count


def _arrays(estimator: Any) -> tuple[dict[str, int], int | None]:  # noqa: ANN401 - as above
    if hasattr(estimator, "estimators_"):
        return {"members": len(estimator.estimators_)}, None  # what its members learned depends on what they are
    fitted = [value for name, value in vars(estimator).items() if name.endswith("_") and not name.endswith("__")]
    arrays = [value for value in fitted if getattr(getattr(value, "dtype", None), "kind", "") == "f"]
    return {}, _sizes(arrays) or None


def _size(array: Any) -> int:  # noqa: ANN401 - dense, sparse, or a plain number
    return int(getattr(array, "size", 1))


def _sizes(arrays: Iterable[Any]) -> int:
    return sum(_size(array) for array in arrays)


_FAMILIES: dict[str, Callable[[Any], tuple[dict[str, int], int | None]]] = {
    "decision-tree": _trees,
    "random-forest": _trees,
    "extra-trees": _trees,
    "gradient-boosting": _trees,
    "hist-gradient-boosting": _hist,
    "svm": _svm,
    "mlp": _mlp,
    "nearest-neighbours": _neighbours,
    "k-means": _kmeans,
    "linear": _named("linear"),
    "naive-bayes": _named("naive-bayes"),
    "gaussian-process": _named("gaussian-process"),
    "gaussian-mixture": _named("gaussian-mixture"),
}
