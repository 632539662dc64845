"""Rows on and next to the split thresholds of a saved model that was submitted by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from carelabel.data.tables import as_in_data, table_of
from carelabel.measure.thresholds import PLACES, SplitTree, place_rows

if TYPE_CHECKING:
    from carelabel import BoundaryRows
    from carelabel.data.rows import DataSet
    from carelabel.model.facts import InputType
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def rows_on_thresholds(
    ensemble: TreeEnsemble, input_type: InputType, data: DataSet, limit: int, seed: int
) -> BoundaryRows | None:
    """At most `limit` rows, see `carelabel.measure.thresholds.place_rows`; None where there is no split by number."""
    draws = limit // PLACES
    if draws < 1 or len(data.rows) == 0:
        return None
    rng = np.random.default_rng(seed)
    base = table_of(data.rows[np.sort(rng.integers(len(data.rows), size=draws))], input_type)
    found = place_rows([_tree(ensemble, number) for number in range(ensemble.n_trees)], base, rng)
    return None if found is None else replace(found, rows=as_in_data(found.rows, data.rows, input_type.columns))


def _tree(ensemble: TreeEnsemble, number: int) -> SplitTree:
    first, last = ensemble.tree_start[number], ensemble.tree_start[number + 1]
    nodes = slice(first, last)
    return SplitTree(
        feature=ensemble.feature[nodes],
        threshold=ensemble.threshold[nodes],
        left=ensemble.left[nodes] - first,
        right=ensemble.right[nodes] - first,
        numeric=~ensemble.is_leaf[nodes] & ~ensemble.is_categorical[nodes],
        missing_left=ensemble.missing_left[nodes],
        strict=ensemble.comparison == "<",
    )
