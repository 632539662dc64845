"""The inputs of a graph: what each takes of a row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from carelabel.errors import LoadError

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """One input of a graph.

    Attributes:
        dtype: numpy's name of its element type.
        axes: Shape of its part of a row; empty where it is a vector over the rows.
    """

    name: str
    dtype: str
    axes: tuple[int, ...]

    @property
    def width(self) -> int:
        """Columns of the data that it takes."""
        return math.prod(self.axes)


def feeds_of(inputs: list[Any], row: tuple[int, ...]) -> tuple[Feed, ...]:
    """The inputs of a graph for rows of this shape; one axis that the graph leaves open takes what is left.

    Raises:
        LoadError: If an input is no tensor of rows, or several leave their width open.
    """
    known = 0
    open_axes = []
    for node in inputs:
        if node.type not in DTYPES or not node.shape:
            msg = f"a graph must take tensors of rows of numbers or text; its input {node.name!r} is {node.type}"
            raise LoadError(msg, "export the graph with tensor inputs")
        axes = node.shape[1:]
        left_open = [axis for axis in axes if not isinstance(axis, int)]
        open_axes += [node.name] * len(left_open)
        known += 0 if left_open else math.prod(axes)
    if len(open_axes) > 1 and len(inputs) > 1:
        msg = (
            f"the inputs of a graph must have known widths, but {', '.join(dict.fromkeys(open_axes))} leave theirs open"
        )
        raise LoadError(msg, "export the graph with fixed widths")
    rest = math.prod(row) - known
    return tuple(
        Feed(name=node.name, dtype=DTYPES[node.type], axes=_closed(node.shape[1:], rest, row)) for node in inputs
    )


def _closed(axes: list[Any], rest: int, row: tuple[int, ...]) -> tuple[int, ...]:
    left_open = [axis for axis in axes if not isinstance(axis, int)]
    if len(left_open) <= 1:
        size = rest // max(1, math.prod(axis for axis in axes if isinstance(axis, int)))
        return tuple(axis if isinstance(axis, int) else size for axis in axes)
    return row
