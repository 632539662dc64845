"""What a graph takes, and how rows are brought to it."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.errors import LoadError, UsageError
from carelabel.model.facts import InputType
from carelabel_onnx.feeds import DTYPES, Feed, feeds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carelabel.data.rows import Rows

_IMAGE_AXES = 3


def input_type_of(inputs: list[Any], rows: Rows, names: tuple[str, ...] = ()) -> InputType:
    """The input type of a graph for rows like these: one array, or one an input.

    Several inputs of one value each take the columns of their names; else they take the columns of the data one after
    the other.

    Args:
        inputs: The session's inputs.
        names: Order of the columns of an array, where it is known.

    Raises:
        LoadError: If the graph takes something else, or rows of another size.
    """
    feeds = feeds_of(inputs, rows.shape)
    first = inputs[0]
    if len(inputs) > 1 or feeds[0].dtype == "object":
        return _columns(feeds, rows)
    shape = _row_shape(first, rows.shape)
    dtype = DTYPES[first.type]
    return InputType(container="array", dtype=dtype, shape=shape, columns=names, rounds_to=dtype)


def _columns(feeds: tuple[Feed, ...], rows: Rows) -> InputType:
    found, wanted = math.prod(rows.shape), sum(feed.width for feed in feeds)
    if taken_in_order(feeds, rows) and found != wanted:
        shown = ", ".join(f"{feed.name!r} {feed.width}" for feed in feeds)
        msg = f"the data must have as many columns as the inputs of the graph take together ({shown}), found {found}"
        raise LoadError(msg, "choose columns and their order with data.test.features")
    return InputType(container="columns", dtype="", shape=(wanted,), columns=tuple(feed.name for feed in feeds))


def taken_in_order(feeds: tuple[Feed, ...], rows: Rows) -> bool:
    """Whether inputs take columns by their places: one is wider than a column, or no column has a name."""
    return any(feed.width != 1 for feed in feeds) or not rows.names


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
            msg,
            "images: {layout: nchw} or {layout: nhwc} turns images, others are saved in that shape"
            if turned
            else "check that data and model belong together",
        )
    return wanted


def prepare(rows: Rows, wanted: InputType, feeds: tuple[Feed, ...]) -> Any:  # noqa: ANN401 - an array or a dict of them
    """Bring rows to the input type.

    Args:
        feeds: The graph's inputs.

    Returns: A C-contiguous (n, ...) array, or a dict of such arrays by input name.

    Raises:
        UsageError: If a column is missing, or is no number where a number is needed.
    """
    if wanted.container == "columns":
        return _prepare_columns(rows, feeds)
    order = _order(rows, wanted)
    array = rows.array(None if order is not None else wanted.dtype)
    if order is not None:
        array = array[:, order].astype(wanted.dtype, order="C")
    return array.reshape(len(rows), *wanted.shape)


def _prepare_columns(rows: Rows, feeds: tuple[Feed, ...]) -> dict[str, NDArray[Any]]:
    in_order = taken_in_order(feeds, rows)
    if in_order and rows.container != "frame":
        return _cut(rows, feeds)
    held = rows.columns()
    if not in_order:
        _check_names(tuple(held), tuple(feed.name for feed in feeds))
        return {feed.name: _as_fed({feed.name: held[feed.name]}, feed) for feed in feeds}
    left = iter(held.items())
    return {feed.name: _as_fed(dict(islice(left, feed.width)), feed) for feed in feeds}


def _cut(rows: Rows, feeds: tuple[Feed, ...]) -> dict[str, NDArray[Any]]:
    """Consecutive columns of an array."""
    table = rows.array().reshape(len(rows), -1)
    fed, first = {}, 0
    for feed in feeds:
        part = table[:, first : first + feed.width]
        values = part.astype(str).astype(object) if feed.dtype == "object" else part.astype(feed.dtype)
        fed[feed.name] = values.reshape(len(rows), *feed.axes)
        first += feed.width
    return fed


def _as_fed(parts: dict[str, NDArray[Any]], feed: Feed) -> NDArray[Any]:
    """Columns as one input takes them."""
    for name, values in parts.items():
        if feed.dtype != "object" and values.dtype == object:
            msg = f"column {name!r} must hold numbers, as the graph takes {feed.dtype}; it holds text"
            raise UsageError(msg, "check that data and model belong together")
    converted = [_text(part) if feed.dtype == "object" else part.astype(feed.dtype) for part in parts.values()]
    joined = np.concatenate(converted, axis=1)
    return joined.reshape(len(joined), *feed.axes)


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
