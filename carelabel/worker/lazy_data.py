"""A data set that is opened at first use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from carelabel.data.rows import DataSet
    from carelabel.worker.time_spent import Spent


class _LazyData:
    """Stands for a `DataSet`, which brings numpy: a test of cold starts wants to see a worker without it."""

    __slots__ = ("_folder", "_opened", "_spent")

    def __init__(self, folder: Path, spent: Spent) -> None:
        self._folder = folder
        self._spent = spent
        self._opened: DataSet | None = None

    def _open(self) -> DataSet:
        if self._opened is None:
            with self._spent.on("data"):
                from carelabel.data.rows import DataSet  # noqa: PLC0415 - not before it is used

                self._opened = DataSet.open(self._folder)
        return self._opened

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the data set's attributes
        return getattr(self._open(), name)

    def __getitem__(self, index: Any) -> DataSet:  # noqa: ANN401 - as the data set takes it
        return self._open()[index]

    def __len__(self) -> int:
        return len(self._open())


def lazy_data(folder: str | None, spent: Spent) -> DataSet | None:
    """The data set laid down in a folder; None when there is no folder."""
    return None if folder is None else cast("DataSet", _LazyData(Path(folder), spent))
