"""Row by row: do two sets of predictions say the same, and how far are they apart?

NaN on both sides is the same answer; NaN on one side is another answer, infinitely far away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carelabel.plugin.interfaces import Predictions

_NUMBERS = "biufc"


def by_row(values: NDArray[Any]) -> NDArray[Any]:
    """(n, width) whatever the shape was: (n,), (n, 1) and (n, outputs) compare alike."""
    array = np.asarray(values)
    return array.reshape(len(array), -1)


def same_labels(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.bool_]:
    """(n,) True where all outputs of a row are the same label; text never equals a number.

    Rows of another width differ in every row.
    """
    a, b = by_row(first), by_row(second)
    if a.shape != b.shape:
        return np.zeros(len(a), dtype=bool)
    if (a.dtype.kind in _NUMBERS) != (b.dtype.kind in _NUMBERS):
        a, b = a.astype(object), b.astype(object)
    same = np.asarray(a == b, dtype=bool)
    return np.asarray((same | (_missing(a) & _missing(b))).all(axis=1), dtype=bool)


def _missing(array: NDArray[Any]) -> NDArray[np.bool_]:
    if array.dtype.kind == "O":
        return np.asarray(array != array, dtype=bool)  # noqa: PLR0124 - only NaN differs from itself
    return np.isnan(array) if array.dtype.kind in "fc" else np.zeros(array.shape, dtype=bool)


def distances(
    first: NDArray[Any], second: NDArray[Any], scale: NDArray[np.float64] | float = 1.0
) -> NDArray[np.float64]:
    """(n,) the largest absolute difference in each row, each output divided by its scale.

    Infinite where only one side is NaN or infinite, and everywhere when the widths differ.
    """
    a, b = (by_row(side).astype(np.float64) for side in (first, second))
    if a.shape != b.shape:
        return np.full(len(a), np.inf)
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(a - b) / scale
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    apart[same] = 0.0
    apart[np.isnan(apart)] = np.inf
    return np.asarray(apart.max(axis=1, initial=0.0), dtype=np.float64)


def margins(predictions: Predictions) -> NDArray[np.float64] | None:
    """(n,) how clearly each row was decided: the best class's lead over the second, or None without scores.

    From probabilities where there are some, else from decision scores, whose sign decides when there is one a row.
    """
    scores = predictions.probabilities if predictions.probabilities is not None else predictions.decision
    if scores is None:
        return None
    table = by_row(scores).astype(np.float64)
    if table.shape[1] < 2:  # noqa: PLR2004 - one score a row: its sign decides
        return np.asarray(np.abs(table).min(axis=1, initial=np.inf), dtype=np.float64)
    ordered = np.sort(table, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2], dtype=np.float64)


def spread(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Interquartile range and standard deviation of each output, (outputs,) each.

    Where an output does not vary, its largest absolute value stands for both, and 1 where that is 0 too.
    """
    table = by_row(values).astype(np.float64)
    table = table[np.isfinite(table).all(axis=1)]
    if not len(table):
        return np.ones(1), np.ones(1)
    size = np.abs(table).max(axis=0)
    size = np.where(size > 0.0, size, 1.0)
    deviation = table.std(axis=0)
    deviation = np.where(deviation > 0.0, deviation, size)
    low, high = np.quantile(table, [0.25, 0.75], axis=0)
    return np.where(high > low, high - low, deviation), deviation


def p99(values: NDArray[np.float64]) -> float | None:
    """The 99th percentile as an observed value, never interpolated downwards; None without values."""
    return float(np.quantile(values, 0.99, method="higher")) if len(values) else None
