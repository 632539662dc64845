"""Rows on and next to the split thresholds of a tree model: where engines that round otherwise give themselves away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.plugin.protocols import BoundaryRows
from carelabel_sklearn.counts import hist_trees, sklearn_trees
from carelabel_sklearn.families import FLOAT32_TREES, family_of, searched
from carelabel_sklearn.inputs import prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carelabel.data.rows import DataSet
    from carelabel.subject import InputType

_PLACES = 3  # a row on the threshold, and one on each side of it


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Tree:
    """One tree as arrays over its nodes; `left` is negative or equal to `right` at a leaf."""

    feature: NDArray[np.integer[Any]]
    threshold: NDArray[np.float64]
    left: NDArray[np.integer[Any]]
    right: NDArray[np.integer[Any]]
    leaf: NDArray[np.bool_]
    missing_left: NDArray[np.bool_]


def has_boundaries(estimator: Any, input_type: InputType) -> bool:  # noqa: ANN401 - any estimator
    """Whether rows can be placed: a tree model on plain numbers, with a split, and without categorical splits."""
    estimator = searched(estimator)
    family = family_of(estimator)
    if input_type.container != "array":
        return False
    if family in FLOAT32_TREES:
        return any(tree.node_count > 1 for tree in sklearn_trees(estimator))
    if family != "hist-gradient-boosting" or getattr(estimator, "is_categorical_", None) is not None:
        return False
    return any(len(tree.nodes) > 1 for tree in hist_trees(estimator))


def place_boundary_rows(
    estimator: Any,  # noqa: ANN401 - any estimator
    input_type: InputType,
    data: DataSet,
    limit: int,
    seed: int,
) -> BoundaryRows | None:
    """Take rows of the data and put one feature of each on a threshold that the row comes to on its way down a tree.

    Each drawn row comes three times: on the threshold, and on the float32 neighbours below and above. The threshold is
    rounded to float32 where the model rounds its inputs; then a row lies exactly on it only if that changed nothing.

    Returns: At most `limit` rows of the model's element type, or None where there is nothing to stand on.
    """
    draws = limit // _PLACES
    if draws < 1 or len(data.rows) == 0 or not has_boundaries(estimator, input_type):
        return None
    rng = np.random.default_rng(seed)
    trees = [tree for tree in _trees(estimator) if not tree.leaf[0]]
    # float32 where the model rounds, even if the rows come in float64.
    dtype = np.dtype(input_type.rounds_to or input_type.dtype)
    drawn = np.sort(rng.integers(len(data.rows), size=draws))
    base = np.asarray(prepare(data.rows[drawn], input_type), dtype=dtype)
    rows = np.repeat(base, _PLACES, axis=0)
    exact = np.zeros(len(rows), dtype=bool)
    for number, row in enumerate(base):
        tree = trees[rng.integers(len(trees))]
        node = rng.choice(_path(tree, row))
        places = _neighbourhood(float(tree.threshold[node]), dtype)
        first = number * _PLACES
        rows[first : first + _PLACES, tree.feature[node]] = places
        exact[first : first + _PLACES] = places == tree.threshold[node]
    return BoundaryRows(rows=rows, on_threshold=exact)


def _neighbourhood(threshold: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    nearest = np.float32(threshold)
    down, up = (np.nextafter(nearest, np.float32(end)) for end in (-np.inf, np.inf))
    return np.array([threshold, down, up], dtype=dtype)


def _path(tree: Tree, row: NDArray[Any]) -> list[int]:
    """Inner nodes that the row comes to, from the root."""
    node, path = 0, []
    while not tree.leaf[node]:
        path.append(node)
        value = float(row[tree.feature[node]])
        is_left = bool(tree.missing_left[node]) if value != value else value <= tree.threshold[node]  # noqa: PLR0124 - NaN
        node = int(tree.left[node] if is_left else tree.right[node])
    return path


def _trees(estimator: Any) -> list[Tree]:  # noqa: ANN401 - as above
    estimator = searched(estimator)
    if family_of(estimator) == "hist-gradient-boosting":
        return [_from_hist(predictor.nodes) for predictor in hist_trees(estimator)]
    return [
        Tree(
            feature=tree.feature,
            threshold=tree.threshold,
            left=tree.children_left,
            right=tree.children_right,
            leaf=tree.children_left < 0,
            missing_left=tree.missing_go_to_left.astype(bool),
        )
        for tree in sklearn_trees(estimator)
    ]


def _from_hist(nodes: Any) -> Tree:  # noqa: ANN401 - scikit-learn's structured array
    return Tree(
        feature=nodes["feature_idx"],
        threshold=nodes["num_threshold"],
        left=nodes["left"].astype("int64"),
        right=nodes["right"].astype("int64"),
        leaf=nodes["is_leaf"].astype(bool),
        missing_left=nodes["missing_go_to_left"].astype(bool),
    )
