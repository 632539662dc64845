"""The target of a data set: what it must be for each task, and its classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.data.parsed import listed
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from carelabel.data.columns import Label


def check_target(values: NDArray[Any], *, task: str, place: str) -> NDArray[Any]:
    """Bring a target to the form that is laid down, or refuse it.

    Args:
        values: (n,) or (n, outputs), text as objects with None where it is missing.
        task: Classification wants labels, regression wants numbers, other tasks take both.
        place: Column and file for messages, such as ``'y' of test.csv``.

    Returns:
        (n,) or (n, outputs): text as ``<U``, class numbers as integers, values as they are.

    Raises:
        UsageError: If values are missing or infinite, or do not fit the task.
    """
    values = np.asarray(values)
    if values.ndim > 1 and values.shape[1:] == (1,):
        values = values[:, 0]
    _refuse_missing(values, place)
    if values.dtype.kind == "O":
        values = np.array([str(value) for value in values], dtype=np.str_)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        msg = f"the target {place} must be finite, found {values[row]} in row {row}"
        raise UsageError(msg, "correct that row")
    if task == "classification":
        return _labels(values, place)
    if task == "regression" and values.dtype.kind not in "biuf":
        msg = f"the target {place} must hold numbers for a regression, found {_example(values)}"
        raise UsageError(msg, "name another target, or set task: classification")
    return values


def classes_of(target: NDArray[Any]) -> tuple[tuple[Label, ...], dict[str, int]]:
    """Classes, sorted, and how many rows each has, by the class as text."""
    found, counts = np.unique(target, return_counts=True)
    classes = tuple(value.item() for value in found)
    return classes, {str(value): int(count) for value, count in zip(classes, counts, strict=True)}


def as_declared(target: NDArray[Any], classes: Iterable[Label] | None) -> NDArray[Any]:
    """Class numbers as text where the metadata declares the classes as text, and the other way round.

    A table cannot tell 1 from '1', and names of folders are text.
    """
    known = tuple(classes or ())
    if target.dtype.kind in "iub" and known and all(isinstance(name, str) for name in known):
        return target.astype(np.str_)
    if target.dtype.kind == "U" and known and all(type(name) is int for name in known):
        numbers = {str(name): name for name in known}
        found = [numbers.get(text) for text in target.tolist()]
        return target if None in found else np.array(found, dtype=np.int64)
    return target


def _labels(values: NDArray[Any], place: str) -> NDArray[Any]:
    if values.ndim != 1:
        msg = f"the target {place} must be one column of labels, found {values.shape[1]} columns"
        raise UsageError(msg, "one-hot labels become one column by argmax")
    if values.dtype.kind == "f":
        whole = values.astype(np.int64)
        if (whole != values).any():
            found = listed(np.unique(values[whole != values])[:3])
            msg = f"the target {place} must hold labels for a classification, found numbers such as {found}"
            raise UsageError(msg, "set task: regression, or name another target")
        return whole
    return values


def _refuse_missing(values: NDArray[Any], place: str) -> None:
    if values.dtype.kind == "f":
        missing = np.isnan(values)
    elif values.dtype.kind == "O":
        missing = np.array([value is None for value in values], dtype=bool)
    else:
        return
    if missing.ndim > 1:
        missing = missing.any(axis=tuple(range(1, missing.ndim)))
    if missing.any():
        count, first = int(missing.sum()), int(np.argmax(missing))
        msg = f"the target {place} must have a value in every row, found {count} of {len(values)} rows without"
        raise UsageError(msg, f"remove or fill in these rows, the first is row {first}")


def _example(values: NDArray[Any]) -> str:
    return f"text such as {str(values.flat[0])!r}" if values.dtype.kind == "U" else f"{values.dtype} values"
