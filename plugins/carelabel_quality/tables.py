"""Counting true and predicted classes, on all rows or on many resamples at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Coded:
    """Truth and prediction as numbers of classes.

    Attributes:
        classes: (k,) every class that occurs in either, sorted.
        true, predicted: (n,) indices into them.
    """

    classes: NDArray[Any]
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ClassCounts:
    """Rows by class, (r, k) each, one line a resample: in the truth, in the prediction, and in both at once."""

    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    hits: NDArray[np.int64]

    def precision(self) -> NDArray[np.float64]:
        """(r, k), 0 for a class that is never predicted."""
        return ratio(self.hits, self.predicted)

    def recall(self) -> NDArray[np.float64]:
        """(r, k), 0 for a class without rows."""
        return ratio(self.hits, self.true)

    def f1(self) -> NDArray[np.float64]:
        """(r, k), 0 where precision and recall are."""
        return ratio(2 * self.hits, self.true + self.predicted)

    def present(self) -> NDArray[np.bool_]:
        """(r, k) classes that occur at all."""
        return (self.true + self.predicted) > 0


def coded(y_true: NDArray[Any], y_pred: NDArray[Any]) -> Coded:
    """Number the classes.

    Raises:
        ValueError: If one of the two holds text and the other numbers, or one holds several columns.
    """
    if y_true.ndim != 1 or y_pred.ndim != 1:
        msg = f"one class a row is needed, got shapes {y_true.shape} and {y_pred.shape}"
        raise ValueError(msg)
    first, second = as_plain(y_true), as_plain(y_pred)
    if (first.dtype.kind == "U") != (second.dtype.kind == "U"):
        msg = f"truth and prediction must both be text or both be numbers, got {first.dtype} and {second.dtype}"
        raise ValueError(msg)
    classes, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    return Coded(classes=classes, true=codes[: len(first)], predicted=codes[len(first) :])


def as_plain(values: NDArray[Any]) -> NDArray[Any]:
    """Object arrays of text as text arrays, everything else as it is."""
    return values.astype(str) if values.dtype.kind in "OSU" else values


def count_classes(labels: Coded, rows: NDArray[np.intp]) -> ClassCounts:
    """Count on resamples, rows (r, n) of row numbers."""
    k = len(labels.classes)
    hit = np.where(labels.true == labels.predicted, labels.true, k)
    return ClassCounts(
        true=_count(labels.true, rows, k),
        predicted=_count(labels.predicted, rows, k),
        hits=_count(hit, rows, k + 1)[:, :k],
    )


def _count(codes: NDArray[np.intp], rows: NDArray[np.intp], k: int) -> NDArray[np.int64]:
    r = len(rows)
    places = codes[rows] + np.arange(r)[:, np.newaxis] * k
    return np.bincount(places.ravel(), minlength=r * k).reshape(r, k)


def count_rows(rows: NDArray[np.intp], n: int) -> NDArray[np.int64]:
    """(r, n) how often each row was drawn in each resample."""
    return _count(np.arange(n), rows, n)


def all_rows(n: int) -> NDArray[np.intp]:
    """(1, n) every row once: the resample that is the data itself."""
    return np.arange(n)[np.newaxis, :]


def ratio(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    """Quotient, 0 where the divisor is 0."""
    return quotient(above, below, otherwise=0.0)


def quotient(above: NDArray[Any], below: NDArray[Any], *, otherwise: float) -> NDArray[np.float64]:
    """Quotient, `otherwise` where the divisor is 0."""
    filled = np.full(np.shape(above), otherwise)
    return np.asarray(np.divide(above, below, out=filled, where=below != 0))
