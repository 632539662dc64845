"""Lossy variants of an ensemble: leaf values or thresholds rounded to a few bits.

Never part of an exact layout. What comes out is again a TreeEnsemble, says in `source` what was done to it, and is
evaluated like any other; the bounds tell how far its scores, or its splits, can have moved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

MOST_BITS: Final = 24
_ROUNDING: Final = 1.0 + 1e-12  # the levels themselves are rounded


def quantise_leaves(ensemble: TreeEnsemble, bits: int) -> TreeEnsemble:
    """Round leaf values to 2**bits evenly spaced levels from the smallest to the largest of their value column.

    bits: 1 to 24; 8 and 16 are the usual ones. Scores move by `leaf_error_bound` at most.

    Raises:
        ValueError: if bits is out of range.
    """
    levels = _levels(bits)
    leaf = ensemble.is_leaf
    value = ensemble.value.copy()
    value[leaf] = _nearest(value[leaf], levels)
    if ensemble.accumulate == "float32":
        value = value.astype(np.float32).astype(np.float64)
    return replace(ensemble, value=value, source=f"{ensemble.source}, leaves rounded to {bits} bits")


def leaf_error_bound(ensemble: TreeEnsemble, bits: int) -> Array:
    """Largest change of each raw score by quantise_leaves, before the sum is rounded: float64 (n_columns,).

    Half a step for a mean, half a step for every tree that is added for a sum.

    Raises:
        ValueError: if bits is out of range.
    """
    values = ensemble.value[ensemble.is_leaf]
    step = (values.max(axis=0) - values.min(axis=0)) / (_levels(bits) - 1)
    trees = ensemble.trees_per_column if ensemble.aggregation == "sum" else 1
    bound: Array = np.broadcast_to(step / 2 * trees, (ensemble.n_columns,)) * _ROUNDING
    if ensemble.accumulate == "float32":
        bound = bound + trees * np.abs(values).max() * np.finfo(np.float32).eps
    return bound


def quantise_thresholds(ensemble: TreeEnsemble, bits: int) -> TreeEnsemble:
    """Round every feature's thresholds to 2**bits evenly spaced levels from its smallest to its largest.

    bits: 1 to 24. Infinite thresholds and categorical splits stay. A row takes the same way as before if none of its
    values lies within `threshold_shift` of a threshold.

    Raises:
        ValueError: if bits is out of range.
    """
    levels = _levels(bits)
    threshold = ensemble.threshold.copy()
    for nodes in _numeric_nodes(ensemble):
        threshold[nodes] = _nearest(threshold[nodes], levels)
    return replace(ensemble, threshold=threshold, source=f"{ensemble.source}, thresholds rounded to {bits} bits")


def threshold_shift(ensemble: TreeEnsemble, bits: int) -> Array:
    """Largest change of a threshold of each feature by quantise_thresholds: float64 (n_features,), 0 without any.

    Raises:
        ValueError: if bits is out of range.
    """
    levels = _levels(bits)
    shift = np.zeros(ensemble.n_features)
    for nodes in _numeric_nodes(ensemble):
        values = ensemble.threshold[nodes]
        shift[ensemble.feature[nodes[0]]] = (values.max() - values.min()) / (levels - 1) / 2 * _ROUNDING
    return shift


def _levels(bits: int) -> int:
    """Number of levels."""
    if not 1 <= bits <= MOST_BITS:
        msg = f"bits must be from 1 to {MOST_BITS}, got {bits}"
        raise ValueError(msg)
    return 1 << bits


def _nearest(values: Array, levels: int) -> Array:
    """The nearest of evenly spaced levels between the smallest and the largest value, by column."""
    low, high = values.min(axis=0), values.max(axis=0)
    step = (high - low) / (levels - 1)
    safe = np.where(step > 0, step, 1.0)
    rounded = low + np.round((values - low) / safe) * step
    clipped: Array = np.clip(rounded, low, high)
    return clipped


def _numeric_nodes(ensemble: TreeEnsemble) -> list[Array]:
    """Nodes with a finite threshold, one array for every feature that has any."""
    nodes = np.flatnonzero(~ensemble.is_leaf & ~ensemble.is_categorical & np.isfinite(ensemble.threshold))
    order = nodes[np.argsort(ensemble.feature[nodes], kind="stable")]
    ends = np.flatnonzero(np.diff(ensemble.feature[order])) + 1
    return [part for part in np.split(order, ends) if len(part)]
