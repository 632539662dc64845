"""Columns of a table, in three kinds, without pandas.

Each kind lies on disk as a few .npy files and is mapped from there; taking a slice copies nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

Index = slice | np.ndarray[Any, Any]
Label = str | int | float | bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlainColumn:
    """Numbers, truth values or times.

    Attributes:
        data: (n,) of a numeric, bool or datetime type.
        missing: (n,) True where a truth value is missing; numbers have NaN and times have NaT instead.
        dtype: The type that pandas gives this column.
    """

    data: NDArray[Any]
    dtype: str
    missing: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.data)

    @property
    def nbytes(self) -> int:
        """Bytes of these rows."""
        return int(self.data.nbytes)

    def take(self, index: Index) -> PlainColumn:
        """The rows at `index`; a slice copies nothing."""
        missing = None if self.missing is None else self.missing[index]
        return PlainColumn(data=self.data[index], dtype=self.dtype, missing=missing)

    def count_missing(self) -> int:
        """Number of missing values."""
        if self.missing is not None:
            return int(self.missing.sum())
        if self.data.dtype.kind == "f":
            return int(np.isnan(self.data).sum())
        return int(np.isnat(self.data).sum()) if self.data.dtype.kind in "mM" else 0

    def numbers(self, name: str) -> NDArray[Any]:
        """(n,) numbers, missing truth values as NaN.

        Raises:
            UsageError: If the column holds times.
        """
        if self.data.dtype.kind in "mM":
            raise _not_numbers(name, "times")
        if self.missing is None:
            return self.data
        return np.where(self.missing, np.nan, self.data.astype(np.float64))

    def plain(self, missing_text: str) -> NDArray[Any]:  # noqa: ARG002 - the same call for every kind
        """(n,) values for engines that take one array a column."""
        return self.data if self.missing is None else self.numbers("")

    def series(self) -> Any:  # noqa: ANN401 - whatever pandas makes a series of
        """Values from which pandas makes a series of the original type."""
        if self.missing is None:
            return self.data
        return np.where(self.missing, np.nan, self.data.astype(object))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TextColumn:
    """Text as UTF-8.

    Attributes:
        blob: All bytes of the column, (bytes,) uint8.
        starts, ends: (n,) int64, where each row's bytes lie in the blob.
        missing: (n,) or None when nothing is missing.
    """

    blob: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    dtype: str
    missing: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, values: Iterable[str | None], dtype: str) -> TextColumn:
        """From text, None where it is missing."""
        encoded: list[bytes] = []
        missing: list[bool] = []
        for value in values:
            missing.append(value is None)
            encoded.append(b"" if value is None else value.encode("utf-8", "surrogatepass"))
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(piece) for piece in encoded], out=offsets[1:])
        return cls(
            blob=np.frombuffer(b"".join(encoded), dtype=np.uint8),
            starts=offsets[:-1],
            ends=offsets[1:],
            dtype=dtype,
            missing=np.array(missing) if any(missing) else None,
        )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.starts)

    @property
    def nbytes(self) -> int:
        """Bytes of these rows."""
        return int((self.ends - self.starts).sum())

    def take(self, index: Index) -> TextColumn:
        """The rows at `index`; a slice copies nothing."""
        missing = None if self.missing is None else self.missing[index]
        return TextColumn(
            blob=self.blob, starts=self.starts[index], ends=self.ends[index], dtype=self.dtype, missing=missing
        )

    def count_missing(self) -> int:
        """Number of missing values."""
        return 0 if self.missing is None else int(self.missing.sum())

    def numbers(self, name: str) -> NDArray[Any]:
        """Never.

        Raises:
            UsageError: Always, since text is no number.
        """
        raise _not_numbers(name, "text")

    def plain(self, missing_text: str) -> NDArray[Any]:
        """(n,) object array of str, `missing_text` where a value is missing."""
        return self._decoded(missing_text)

    def series(self) -> NDArray[Any]:
        """(n,) object array of str, NaN where a value is missing, as pandas reads text."""
        return self._decoded(np.nan)

    def _decoded(self, missing: str | float) -> NDArray[Any]:
        view = np.ascontiguousarray(self.blob).data
        values = np.empty(len(self), dtype=object)
        spans = zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        values[:] = [str(view[start:end], "utf-8", "surrogatepass") for start, end in spans]
        if self.missing is not None:
            values[np.asarray(self.missing)] = missing
        return values


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CategoryColumn:
    """Categories as pandas knows them.

    Attributes:
        codes: (n,) int32, numbers of categories, -1 where the value is missing.
        categories: In their order.
        ordered: Whether their order means something.
    """

    codes: NDArray[np.int32]
    categories: tuple[Label, ...]
    ordered: bool = False
    dtype: str = "category"

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.codes)

    @property
    def nbytes(self) -> int:
        """Bytes of these rows."""
        return int(self.codes.nbytes)

    def take(self, index: Index) -> CategoryColumn:
        """The rows at `index`; a slice copies nothing."""
        return CategoryColumn(codes=self.codes[index], categories=self.categories, ordered=self.ordered)

    def count_missing(self) -> int:
        """Number of missing values."""
        return int((self.codes < 0).sum())

    def numbers(self, name: str) -> NDArray[Any]:
        """(n,) the categories themselves where they are numbers, missing ones as NaN.

        Raises:
            UsageError: If they are text.
        """
        if any(isinstance(category, str) for category in self.categories):
            raise _not_numbers(name, "text categories")
        if (self.codes < 0).any():
            return np.array([*self.categories, np.nan], dtype=np.float64)[self.codes]
        return np.array(self.categories)[self.codes]

    def plain(self, missing_text: str) -> NDArray[Any]:
        """(n,) the categories: an object array of str, or numbers."""
        if not any(isinstance(category, str) for category in self.categories):
            return self.numbers("")
        return self._lookup([*map(str, self.categories), missing_text])

    def series(self) -> Any:  # noqa: ANN401 - whatever pandas makes a series of
        """A pandas Categorical with the same categories."""
        import pandas as pd

        return pd.Categorical.from_codes(np.asarray(self.codes), categories=list(self.categories), ordered=self.ordered)

    def _lookup(self, values: Sequence[Any]) -> NDArray[Any]:
        table = np.empty(len(values), dtype=object)
        table[:] = values
        return table[self.codes]


Column = PlainColumn | TextColumn | CategoryColumn


def _not_numbers(name: str, found: str) -> UsageError:
    return UsageError(
        f"a model that takes an array needs numbers in every column, but column {name!r} holds {found}",
        "leave the column out with data.test.drop, or submit the pipeline that encodes it",
    )
