"""Thresholds in the type of the inputs, so that source code compares without widening."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import Comparison, TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def input_thresholds(ensemble: TreeEnsemble) -> Array:
    """Thresholds of dtype `input_rounding`, (n_nodes,), that split all inputs of that type as the form does."""
    if ensemble.input_rounding == "float64":
        return ensemble.threshold
    return to_float32(ensemble.threshold, ensemble.comparison)


def to_float32(threshold: Array, comparison: Comparison) -> Array:
    """Float32 thresholds that split all float32 values as float64 ones do.

    For `x <= t` the largest float32 that is not above t, for `x < t` the smallest that is not below it.
    """
    with np.errstate(over="ignore"):
        rounded = threshold.astype(np.float32)
        wide = rounded.astype(np.float64)
        if comparison == "<=":
            fixed = np.where(wide > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
        else:
            fixed = np.where(wide < threshold, np.nextafter(rounded, np.float32(np.inf)), rounded)
    return (fixed + np.float32(0)).astype(np.float32)


def order_keys(values: Array) -> Array:
    """Integers in the order of float32 values: int32, same shape; both zeros are 0, NaN is the largest int32."""
    bits = (values.astype(np.float32) + np.float32(0)).view(np.int32)
    keys = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    return np.where(np.isnan(values), np.int32(0x7FFFFFFF), keys)
