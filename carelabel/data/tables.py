"""Rows as one table of numbers, in the order and element type in which a model takes its columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carelabel.data.rows import Rows
    from carelabel.model.facts import InputType

_SHOWN = 5


def table_of(rows: Rows, wanted: InputType) -> NDArray[Any]:
    """(n, features) C-contiguous array for a model that takes a table of numbers.

    Named columns are put into the order in which the model learned them; rows of images are flattened.

    Raises:
        UsageError: If there are more or fewer columns than the model takes, one that it learned is missing, or one
            holds text or times.
    """
    check_columns(rows, wanted)
    order = order_of(rows, wanted.columns)
    if order is None:
        return rows.array(wanted.dtype).reshape(len(rows), -1)
    return rows.array()[:, order].astype(wanted.dtype, order="C")


def check_columns(rows: Rows, wanted: InputType) -> None:
    """Hold that rows have what a model takes.

    Raises:
        UsageError: If their number differs and they cannot be chosen by name, or a name is missing.
    """
    chosen = bool(wanted.columns and rows.names)
    found, needed = math.prod(rows.shape), math.prod(wanted.shape)
    if not chosen and found != needed:
        msg = f"the data must have as many columns as the model takes, {needed}; it has {found}"
        raise UsageError(msg, "check that data and model belong together")
    if chosen and (missing := [name for name in wanted.columns if name not in rows.names]):
        shown, among = (", ".join(map(repr, names[:_SHOWN])) for names in (missing, rows.names))
        msg = f"the data must have the columns that the model was trained with; missing {shown} among {among}"
        raise UsageError(msg, "rename the columns of the data file as they were in training")


def order_of(rows: Rows, columns: tuple[str, ...]) -> list[int] | None:
    """Where the wanted columns lie in the rows; None when they lie there already, or either side has no names."""
    if not columns or not rows.names or rows.names == columns:
        return None
    return [rows.names.index(name) for name in columns]


def as_in_data(table: NDArray[Any], rows: Rows, columns: tuple[str, ...]) -> NDArray[Any]:
    """A table in a model's order of columns, put into the order of the data; as it is where the data has others."""
    order = order_of(rows, columns)
    if order is None or len(order) != len(rows.names):
        return table
    placed = np.empty_like(table)
    placed[:, order] = table
    return placed
