"""Rows that look for differences: values on thresholds, next to them, and at the ends of the number line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_ON_THRESHOLDS: Final = 0.7
_SPECIAL_SHARE: Final = 0.1
_SPECIAL: Final = (0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, 1e-35, -1e-35, 3.4028235e38, -3.4028235e38)


def probe_rows(  # noqa: PLR0913 - every kind of value can be left out
    ensemble: TreeEnsemble,
    n_rows: int,
    *,
    seed: int = 0,
    nan: bool | None = None,
    infinite: bool = True,
    base: Array | None = None,
) -> Array:
    """Rows whose values hit thresholds exactly, their neighbours on both sides, and special values.

    n_rows: number of rows. nan: whether NaN occurs; None: as the ensemble accepts it. infinite: whether
    infinities occur. base: (n, n_features) ordinary rows to mix in. Returns (n_rows, n_features) of dtype
    `input_rounding`, so that no engine rounds them further.
    """
    rng = np.random.default_rng(seed)
    dtype = np.dtype(ensemble.input_rounding)
    x = rng.normal(size=(n_rows, ensemble.n_features))
    if base is not None:
        x = base[rng.integers(len(base), size=n_rows)].astype(np.float64)
    x = x.astype(dtype)
    specials = np.array(_SPECIAL + ((np.inf, -np.inf) if infinite else ()), dtype=dtype)
    if ensemble.accepts_nan if nan is None else nan:
        specials = np.append(specials, np.full(4, np.nan, dtype=dtype))
    for column in range(ensemble.n_features):
        near = _near(ensemble, column, dtype, infinite=infinite)
        draw = rng.random(n_rows)
        if len(near):
            x[:, column] = np.where(draw < _ON_THRESHOLDS, rng.choice(near, n_rows), x[:, column])
        x[:, column] = np.where(draw > 1.0 - _SPECIAL_SHARE, rng.choice(specials, n_rows), x[:, column])
    return x


def _near(ensemble: TreeEnsemble, column: int, dtype: np.dtype[Any], *, infinite: bool) -> Array:
    """Thresholds of a column and their neighbours, or its categories and some that do not exist."""
    at = ensemble.feature == column
    if bool((at & ensemble.is_categorical).any()):
        raw = ensemble.category_values[column] if ensemble.category_values is not None else None
        known = np.arange(40.0) if raw is None else raw
        return np.concatenate((known, known + 0.5, [-1.0, -7.0, 300.0, 1e6])).astype(dtype)
    with np.errstate(over="ignore"):
        threshold = np.unique(ensemble.threshold[at]).astype(dtype)
        above = np.nextafter(threshold, dtype.type(np.inf))
        below = np.nextafter(threshold, dtype.type(-np.inf))
    near = np.concatenate((threshold, above, below))
    return near if infinite else near[np.isfinite(near)]


def same_bits(one: Array, other: Array) -> bool:
    """Whether two arrays have the same dtype, shape and bits; NaN equals NaN of the same bits."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.kind != "f":
        return bool((one == other).all())
    kind = f"u{one.dtype.itemsize}"
    return bool((np.ascontiguousarray(one).view(kind) == np.ascontiguousarray(other).view(kind)).all())
