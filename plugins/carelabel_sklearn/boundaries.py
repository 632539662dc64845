"""Rows on and next to the split thresholds of a tree model: where engines that round otherwise give themselves away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.data.tables import as_in_data
from carelabel.measure.thresholds import PLACES, SplitTree, place_rows
from carelabel_sklearn.counts import hist_trees, sklearn_trees
from carelabel_sklearn.families import FLOAT32_TREES, family_of, searched
from carelabel_sklearn.inputs import prepare

if TYPE_CHECKING:
    from carelabel.data.rows import DataSet
    from carelabel.model.facts import InputType
    from carelabel.plugin.interfaces import BoundaryRows


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
    draws = limit // PLACES
    if draws < 1 or len(data.rows) == 0 or not has_boundaries(estimator, input_type):
        return None
    rng = np.random.default_rng(seed)
    # float32 where the model rounds, even if the rows come in float64.
    dtype = np.dtype(input_type.rounds_to or input_type.dtype)
    drawn = np.sort(rng.integers(len(data.rows), size=draws))
    base = np.asarray(prepare(data.rows[drawn], input_type), dtype=dtype)
    found = place_rows(_trees(estimator), base, rng)
    if found is None:
        return None
    return replace(found, rows=as_in_data(found.rows, data.rows, input_type.columns))


def _trees(estimator: Any) -> list[SplitTree]:  # noqa: ANN401 - as above
    estimator = searched(estimator)
    if family_of(estimator) == "hist-gradient-boosting":
        return [_from_hist(predictor.nodes) for predictor in hist_trees(estimator)]
    return [
        SplitTree(
            feature=tree.feature,
            threshold=tree.threshold,
            left=tree.children_left,
            right=tree.children_right,
            numeric=tree.children_left >= 0,
            missing_left=tree.missing_go_to_left.astype(bool),
        )
        for tree in sklearn_trees(estimator)
    ]


def _from_hist(nodes: Any) -> SplitTree:  # noqa: ANN401 - scikit-learn's structured array
    return SplitTree(
        feature=nodes["feature_idx"],
        threshold=nodes["num_threshold"],
        left=nodes["left"].astype("int64"),
        right=nodes["right"].astype("int64"),
        numeric=~nodes["is_leaf"].astype(bool),
        missing_left=nodes["missing_go_to_left"].astype(bool),
    )
