"""The default store: TinyDB, one JSON file, with a storage that survives writers side by side and kill -9.

TinyDB's own storage writes in place and without a lock: two writers made its file unreadable within 0.1 s, and a
killed writer can leave half a file. Here every change holds a file lock, reads the file anew and replaces it whole.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from tinydb import Storage, TinyDB, where

from carelabel.errors import UsageError
from carelabel.home import locked, read_json, replace_json
from carelabel.store.contract import LabelNotFoundError, Summary, identifier_of, select, summarise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

TABLE = "labels"
_WHAT = "a TinyDB file of labels"


class WholeFileStorage(Storage):
    """Reads and replaces the file as a whole, for one operation; the caller holds the lock while it writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[str, dict[str, Any]] | None = None

    def read(self) -> dict[str, dict[str, Any]] | None:
        """All tables, or None when there is no file yet; parsed once, as TinyDB asks several times an operation."""
        if self._seen is None:
            self._seen = read_json(self._path, what=_WHAT)
        if self._seen is not None and not all(isinstance(table, dict) for table in self._seen.values()):
            msg = f"{self._path} must be {_WHAT}, found other JSON"
            raise UsageError(msg, "nothing was changed; bring back a copy, or move the file away")
        return self._seen

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Replace the file."""
        replace_json(self._path, data)


def _replacement(label: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], None]:
    """A change that leaves nothing of the earlier label: TinyDB's upsert would merge the two."""

    def replace(row: Mapping[str, Any]) -> None:
        document = cast("dict[str, Any]", row)
        document.clear()
        document.update(label)

    return replace


class TinyDBStore:
    """Labels in ``labels.json``. Meant for up to a thousand labels: each change writes the whole file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "labels.json"

    def put(self, label: Mapping[str, Any]) -> str:
        """Keep a label."""
        identifier = identifier_of(label)
        with self._changing() as database:
            table = database.table(TABLE)
            if table.contains(where("id") == identifier):
                table.update(_replacement(label), where("id") == identifier)
            else:
                table.insert(label)
        return identifier

    def get(self, identifier: str) -> dict[str, Any]:
        """The label of this id."""
        found = self._read().table(TABLE).get(where("id") == identifier)
        if not isinstance(found, dict):
            raise LabelNotFoundError(identifier)
        return dict(found)

    def query(self, **filters: str) -> list[Summary]:
        """Labels whose summary has all the given values, newest first."""
        return select((summarise(label) for label in self._read().table(TABLE)), filters)

    def delete(self, identifier: str) -> None:
        """Forget a label."""
        with self._changing() as database:
            if not database.table(TABLE).remove(where("id") == identifier):
                raise LabelNotFoundError(identifier)

    def _read(self) -> TinyDB:
        return TinyDB(storage=WholeFileStorage, path=self._path)

    @contextmanager
    def _changing(self) -> Iterator[TinyDB]:
        # A new database a change: TinyDB keeps the next row number in memory, and another process may have used it.
        with locked(self._path):
            yield self._read()
