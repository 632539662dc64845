"""What a graph takes, and how rows are brought to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from carelabel.errors import LoadError, UsageError
from carelabel.subject import InputType

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from carelabel.data.rows import Rows

DTYPES: Final = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int16)": "int16",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}
_IMAGE_AXES = 3


def input_type_of(inputs: list[Any], rows: Rows, names: tuple[str, ...] = ()) -> InputType:
    """The input type of a graph for rows like these: one array, or one (n, 1) array a column.

    Args:
        inputs: The session's inputs.
        names: Order of the columns of an array, where it is known.

    Raises:
        LoadError: If the graph takes something else, or rows of another size.
    """
    for node in inputs:
        if node.type not in DTYPES:
            msg = f"a graph must take tensors of numbers or text; its input {node.name!r} is {node.type}"
            raise LoadError(msg, "export the graph with tensor inputs")
    first = inputs[0]
    if len(inputs) > 1 or DTYPES[first.type] == "object":
        return _columns(inputs)
    shape = _row_shape(first, rows.shape)
    dtype = DTYPES[first.type]
    return InputType(container="array", dtype=dtype, shape=shape, columns=names, rounds_to=dtype)


def _columns(inputs: list[Any]) -> InputType:
    for node in inputs:
        if len(node.shape) not in {1, 2} or (len(node.shape) == 2 and node.shape[1] != 1):  # noqa: PLR2004 - axes
            msg = (
                f"a graph must take one tensor of numbers, or a (rows, 1) tensor a column; "
                f"its input {node.name!r} has the shape {node.shape}"
            )
            raise LoadError(msg, "export it with one input a column")
    names = tuple(node.name for node in inputs)
    return InputType(container="columns", dtype="", shape=(len(names),), columns=names)


def _row_shape(node: Any, found: tuple[int, ...]) -> tuple[int, ...]:  # noqa: ANN401 - the session's description
    """The shape of a row, axes that the graph leaves open taken from the data."""
    axes = tuple(node.shape[1:])
    if all(isinstance(axis, int) for axis in axes):
        wanted = tuple(int(axis) for axis in axes)
    elif len(axes) == 1:
        wanted = (math.prod(found),)
    elif len(axes) == len(found):
        wanted = tuple(axis if isinstance(axis, int) else size for axis, size in zip(axes, found, strict=True))
    else:
        wanted = ()
    turned = len(wanted) == len(found) == _IMAGE_AXES and wanted != found and sorted(wanted) == sorted(found)
    if math.prod(wanted) != math.prod(found) or not wanted or turned:
        shown = "x".join(map(str, axes)) or "nothing"
        msg = f"the data must have rows as the graph takes them, {shown}; it has {'x'.join(map(str, found))}"
        raise LoadError(
            msg, "lay the data down in that shape" if turned else "check that data and model belong together"
        )
    return wanted


def prepare(rows: Rows, wanted: InputType, dtypes: dict[str, str]) -> Any:  # noqa: ANN401 - an array or a dict of them
    """Bring rows to the input type.

    Args:
        dtypes: Input name to element type.

    Returns: A C-contiguous (n, ...) array, or a dict of (n, 1) arrays by input name.

    Raises:
        UsageError: If a column is missing, or is no number where a number is needed.
    """
    if wanted.container == "columns":
        return _prepare_columns(rows, wanted, dtypes)
    order = _order(rows, wanted)
    array = rows.array(None if order is not None else wanted.dtype)
    if order is not None:
        array = array[:, order].astype(wanted.dtype, order="C")
    return array.reshape(len(rows), *wanted.shape)


def _prepare_columns(rows: Rows, wanted: InputType, dtypes: dict[str, str]) -> dict[str, NDArray[Any]]:
    held = rows.columns()
    _check_names(tuple(held), wanted.columns)
    feeds = {}
    for name in wanted.columns:
        values, dtype = held[name], dtypes[name]
        if dtype == "object":
            feeds[name] = _text(values)
            continue
        if values.dtype == object:
            msg = f"column {name!r} must hold numbers, as the graph takes {dtype}; it holds text"
            raise UsageError(msg, "check that data and model belong together")
        feeds[name] = values.astype(dtype)
    return feeds


def _text(values: NDArray[Any]) -> NDArray[np.object_]:
    """Numbers in a column that the graph takes as text are written as Python writes them."""
    return values if values.dtype == object else values.astype(str).astype(object)


def _order(rows: Rows, wanted: InputType) -> list[int] | None:
    if not wanted.columns or not rows.names or rows.names == wanted.columns:
        return None
    _check_names(rows.names, wanted.columns)
    return [rows.names.index(name) for name in wanted.columns]


def _check_names(found: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    if missing := [name for name in wanted if name not in found]:
        msg = (
            f"the data must have the columns that the model takes; missing {', '.join(map(repr, missing[:5]))}"
            f" among {', '.join(map(repr, found[:5]))}"
        )
        raise UsageError(msg, "rename the columns of the data file as they were in training")
