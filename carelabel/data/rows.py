"""What workers open: rows that are mapped read-only, handed out in the container that a model takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from carelabel.data.columns import Column, Index, PlainColumn
from carelabel.data.facts import DataFacts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import DTypeLike, NDArray
    from scipy.sparse import csr_matrix

    from carelabel.data.facts import Container


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sparse:
    """Rows of a sparse matrix; row i holds ``data[indptr[i]:indptr[i + 1]]``, offsets as they lie in `data`."""

    data: NDArray[Any]
    indices: NDArray[Any]
    indptr: NDArray[np.int64]
    width: int

    def take(self, index: Index) -> Sparse:
        """The rows at `index`; a slice without a step copies nothing."""
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self.indptr) - 1)
            if step == 1:
                indptr = self.indptr[start : max(start, stop) + 1]
                return Sparse(data=self.data, indices=self.indices, indptr=indptr, width=self.width)
            index = np.arange(start, stop, step)
        starts = np.asarray(self.indptr[:-1])[index]
        lengths = np.asarray(self.indptr[1:])[index] - starts
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        source = np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], lengths)
        return Sparse(data=self.data[source], indices=self.indices[source], indptr=indptr, width=self.width)

    @property
    def nonzero(self) -> int:
        """Number of stored values in these rows."""
        return int(self.indptr[-1] - self.indptr[0])


class Rows:
    """Rows of features, without the target.

    ``len(rows)`` counts them; ``rows[10:20]`` and ``rows[[3, 1]]`` are rows again. Slices are views of the mapped
    files, so ten million rows cost no memory until they are used.

    Attributes:
        held: The array, the columns by name, or the sparse matrix; most callers want the methods below.
        container: How the rows lie: ``array`` (n, ...), ``frame`` (named columns) or ``csr``.
        names: Names of the columns; empty where there are none.
        shape: Shape of one row.
    """

    __slots__ = ("_length", "container", "held", "names", "shape")

    def __init__(
        self,
        *,
        array: NDArray[Any] | None = None,
        columns: Mapping[str, Column] | None = None,
        sparse: Sparse | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        """Hold exactly one of the three; `names` may name the columns of a two-dimensional array."""
        self.held: NDArray[Any] | dict[str, Column] | Sparse
        self.container: Container
        if array is not None:
            self.held, self.container = array, "array"
            self.names, self.shape, self._length = names, tuple(array.shape[1:]), len(array)
        elif columns is not None:
            self.held, self.container = dict(columns), "frame"
            self.names, self.shape = tuple(columns), (len(columns),)
            self._length = len(next(iter(columns.values())))
        elif sparse is not None:
            self.held, self.container = sparse, "csr"
            self.names, self.shape, self._length = names, (sparse.width,), len(sparse.indptr) - 1
        else:
            msg = "rows are made from an array, columns or a sparse matrix; got none"
            raise ValueError(msg)

    @classmethod
    def of(cls, array: NDArray[Any], like: Rows | None = None) -> Rows:
        """Rows around an (n, ...) array; `like` lends its column names, and its container where that is a frame."""
        if like is None or len(like.names) != math.prod(array.shape[1:]):
            return cls(array=array)
        if like.container != "frame":
            return cls(array=array, names=like.names)
        columns: dict[str, Column] = {
            name: PlainColumn(data=array[:, number], dtype=str(array.dtype)) for number, name in enumerate(like.names)
        }
        return cls(columns=columns)

    def __len__(self) -> int:
        """Number of rows."""
        return self._length

    def __repr__(self) -> str:
        """For people."""
        return f"Rows({len(self)} x {self.shape}, {self.container})"

    def __getitem__(self, index: slice | NDArray[Any] | list[int]) -> Self:
        """The rows at a slice, at a list of numbers, or where a mask is True."""
        place = index if isinstance(index, slice) else _places(index)
        held = self.held
        if isinstance(held, np.ndarray):
            return type(self)(array=held[place], names=self.names)
        if isinstance(held, Sparse):
            return type(self)(sparse=held.take(place), names=self.names)
        return type(self)(columns={name: column.take(place) for name, column in held.items()})

    @property
    def nbytes(self) -> int:
        """Bytes that these rows take where they lie."""
        held = self.held
        if isinstance(held, np.ndarray):
            return int(held.nbytes)
        if isinstance(held, Sparse):
            return held.nonzero * (held.data.itemsize + held.indices.itemsize) + held.indptr.nbytes
        return sum(column.nbytes for column in held.values())

    def array(self, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """(n, ...) C-contiguous array, of the common type of the columns unless `dtype` is given.

        Rows that already lie so are not copied and then read-only.

        Raises:
            UsageError: If a column holds text or times.
        """
        held = self.held
        if isinstance(held, np.ndarray):
            return np.ascontiguousarray(held, dtype=dtype)
        if isinstance(held, Sparse):
            return np.ascontiguousarray(self.csr().toarray(), dtype=dtype)
        parts = {name: column.numbers(name) for name, column in held.items()}
        common = np.result_type(*(part.dtype for part in parts.values())) if dtype is None else dtype
        table = np.empty((len(self), len(parts)), dtype=common)
        for number, part in enumerate(parts.values()):
            table[:, number] = part
        return table

    def frame(self) -> pd.DataFrame:
        """A DataFrame with the columns' original types, as pandas reads them; missing values as NaN."""
        import pandas as pd

        held = self.held
        if not isinstance(held, dict):
            return pd.DataFrame(self.array(), columns=list(self.names) or None)
        return pd.DataFrame({name: pd.Series(column.series()) for name, column in held.items()})

    def columns(self, missing_text: str = "") -> dict[str, NDArray[Any]]:
        """Name to (n, 1) array: numbers in their own type, text as object arrays of str.

        Columns without names are called by their numbers. `missing_text` stands for missing text.
        """
        held = self.held
        if isinstance(held, dict):
            return {name: column.plain(missing_text).reshape(-1, 1) for name, column in held.items()}
        table = self.array().reshape(len(self), -1)
        names = self.names or tuple(map(str, range(table.shape[1])))
        return {name: np.ascontiguousarray(table[:, [number]]) for number, name in enumerate(names)}

    def csr(self) -> csr_matrix:
        """A (n, features) scipy CSR matrix.

        Raises:
            UsageError: If a column holds text or times.
        """
        from scipy.sparse import csr_matrix

        held = self.held
        if not isinstance(held, Sparse):
            return csr_matrix(self.array().reshape(len(self), -1))
        first, last = int(held.indptr[0]), int(held.indptr[-1])
        parts = (held.data[first:last], held.indices[first:last], held.indptr - first)
        return csr_matrix(parts, shape=(len(self), held.width))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DataSet:
    """A data set as it was laid down.

    Attributes:
        target: (n,) or (n, outputs), or None when there is none.
        groups: Sensitive columns by name, each (n,).
    """

    rows: Rows
    target: NDArray[Any] | None
    groups: dict[str, NDArray[Any]]
    facts: DataFacts

    @classmethod
    def open(cls, folder: Path) -> DataSet:
        """Map a folder that `carelabel.data.prepare` wrote; nothing is read until it is used.

        Raises:
            UsageError: If the folder is not one.
        """
        from carelabel.data.folder import open_folder  # noqa: PLC0415 - which imports this module

        return open_folder(folder)

    @classmethod
    def empty(cls) -> DataSet:
        """No rows of no features, for a model that is looked at without data."""
        facts = DataFacts(sha256="", bytes=0, rows=0, features=0, shape=(0,), container="array", dtypes=("float64",))
        return cls(rows=Rows(array=np.empty((0, 0))), target=None, groups={}, facts=facts)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def __getitem__(self, index: slice | NDArray[Any] | list[int]) -> DataSet:
        """The same data set with fewer rows; the facts stay those of all rows."""
        place = index if isinstance(index, slice) else _places(index)
        target = None if self.target is None else self.target[place]
        groups = {name: values[place] for name, values in self.groups.items()}
        return DataSet(rows=self.rows[place], target=target, groups=groups, facts=self.facts)


def _places(index: NDArray[Any] | list[int]) -> NDArray[Any]:
    places = np.asarray(index)
    if places.ndim != 1:
        msg = f"rows are chosen by a slice, a list of row numbers or a mask, got {index!r}"
        raise TypeError(msg)
    if places.dtype.kind == "b":
        return np.flatnonzero(places)
    return places.astype(np.int64, copy=False)
