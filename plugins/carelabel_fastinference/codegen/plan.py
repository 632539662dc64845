"""Which nodes become code and which stay in a table, and the leaves that can be shared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference.codegen.thresholds import input_thresholds

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

LEAF_BIT: Final = 0x80000000
"""Set in a reference to a leaf; the other bits are its row. Without it they are a row of the table."""

_DEEPEST: Final = 100  # compilers limit how deep blocks may nest (256 by default in one of them)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SourcePlan:
    """What the source of an ensemble is made of.

    Attributes:
        ensemble: where it comes from.
        threshold: (n_nodes,) in the type of the inputs.
        as_code: bool (n_nodes,), inner nodes written as if-else.
        table: nodes kept in the table, in its order.
        reference: uint32 (n_nodes,), row of the table, or LEAF_BIT and row of `leaf_values`; of no use for
            nodes written as code.
        leaf_values: (n_rows, n_values), distinct leaf values.
        set_row: (n_nodes,), row of the sets that a categorical node owns; -1 at any other node.
    """

    ensemble: TreeEnsemble
    threshold: Array
    as_code: Array
    table: Array
    reference: Array
    leaf_values: Array
    set_row: Array


def plan_source(ensemble: TreeEnsemble, budget: int) -> SourcePlan:
    """Choose the `budget` inner nodes that rows reach most often; all other inner nodes go into a table.

    Raises:
        ValueError: if budget is negative.
    """
    if budget < 0:
        msg = f"budget must be a number of nodes from 0, got {budget}"
        raise ValueError(msg)
    leaf = ensemble.is_leaf
    as_code = _most_probable(ensemble, budget)
    table = np.flatnonzero(~leaf & ~as_code)
    reference = np.zeros(ensemble.n_nodes, dtype=np.uint32)
    reference[table] = np.arange(len(table), dtype=np.uint32)
    rows, leaf_values = distinct_rows(ensemble.value[leaf])
    reference[leaf] = rows.astype(np.uint32) | np.uint32(LEAF_BIT)
    categorical = ensemble.is_categorical
    return SourcePlan(
        ensemble=ensemble,
        threshold=input_thresholds(ensemble),
        as_code=as_code,
        table=table,
        reference=reference,
        leaf_values=leaf_values,
        set_row=np.where(categorical, np.cumsum(categorical) - 1, -1),
    )


def distinct_rows(values: Array) -> tuple[Array, Array]:
    """Index (n,) and distinct rows (m, k) of values (n, k); rows are equal if all their bits are."""
    bits = np.ascontiguousarray(values).view(np.dtype((np.void, values.shape[1] * values.itemsize))).ravel()
    _, first, index = np.unique(bits, return_index=True, return_inverse=True)
    return index.reshape(-1), values[first]


def _most_probable(ensemble: TreeEnsemble, budget: int) -> Array:
    """The inner nodes with the largest path probability: bool (n_nodes,). Parents come before children."""
    chosen = np.zeros(ensemble.n_nodes, dtype=bool)
    depth = ensemble.node_depth()
    inner = np.flatnonzero(~ensemble.is_leaf & (depth < _DEEPEST))
    order = np.lexsort((depth[inner], -ensemble.path_probability()[inner]))
    chosen[inner[order[:budget]]] = True
    return chosen
