"""The default store: one JSON file a label, and an index of summaries kept by TinyDB.

``labels/<id>.json`` is the label; ``index.json`` only saves reading them all for a list. Labels that the index lacks
are read from their files, so a lost or damaged index costs time and nothing else; the next change writes it anew.

TinyDB's own storage writes in place and without a lock: two writers made its file unreadable within 0.1 s, and a
killed writer can leave half a file. Here every change holds a file lock, reads the index anew and replaces it whole.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from tinydb import Storage, TinyDB, where

from carelabel.base.home import locked, read_json, replace_json, unwritable
from carelabel.errors import UsageError
from carelabel.store.contract import LabelNotFoundError, Summary, identifier_of, select, summarise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tinydb.table import Table

TABLE = "labels"
_SUFFIX = ".json"


class IndexStorage(Storage):
    """Reads and replaces the index as a whole, for one operation; the caller holds the lock while it writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[str, dict[str, Any]] | None = None

    def read(self) -> dict[str, dict[str, Any]]:
        """All tables, parsed once, as TinyDB asks several times an operation; none if the index is not usable."""
        if self._seen is None:
            self._seen = self._usable()
        return self._seen

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Replace the file."""
        replace_json(self._path, data)
        self._seen = data

    def _usable(self) -> dict[str, dict[str, Any]]:
        try:
            rows = (read_json(self._path, what="an index of labels") or {})[TABLE]
            for number, row in rows.items():
                int(number)
                Summary(**row)
                identifier_of(row)
        except (UsageError, KeyError, AttributeError, TypeError, ValueError):
            return {}
        return {TABLE: rows}


class TinyDBStore:
    """Labels in ``labels/``, one file each, and ``index.json``. No label's file is written but by its own `put`."""

    def __init__(self, folder: Path) -> None:
        self._labels = folder / "labels"
        self._index = folder / "index.json"
        self._old = folder / "labels.json"

    def put(self, label: Mapping[str, Any]) -> str:
        """Keep a label."""
        identifier = identifier_of(label)
        with self._changing() as index:
            if index.contains(where("id") == identifier):  # first, so that no crash leaves it with the new label
                index.remove(where("id") == identifier)
            replace_json(self._file(identifier), dict(label))
            index.insert(asdict(summarise(label)))
        return identifier

    def get(self, identifier: str) -> dict[str, Any]:
        """The label of this id."""
        self._move_old_labels()
        return self._read(identifier)

    def query(self, **filters: str) -> list[Summary]:
        """Labels whose summary has all the given values, newest first; a damaged one has a problem in its summary."""
        self._move_old_labels()
        rows = {row["id"]: Summary(**row) for row in self._open_index()}
        found = (rows.get(identifier) or self._summary(identifier) for identifier in self._identifiers())
        return select((item for item in found if item is not None), filters)

    def delete(self, identifier: str) -> None:
        """Forget a label."""
        with self._changing() as index:
            path = self._file(identifier)
            try:
                path.unlink()
            except FileNotFoundError as error:
                raise LabelNotFoundError(identifier) from error
            except OSError as error:
                raise unwritable(path, error) from error
            index.remove(where("id") == identifier)

    def _file(self, identifier: str) -> Path:
        return self._labels / (quote(identifier, safe="", errors="surrogatepass") + _SUFFIX)

    def _identifiers(self) -> set[str]:
        try:
            names = [path.name for path in self._labels.iterdir()]
        except FileNotFoundError:
            return set()
        except OSError as error:
            msg = f"{self._labels} must be a readable folder, but: {error.strerror or error}"
            raise UsageError(msg) from error
        stems = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
        return {unquote(stem, errors="surrogatepass") for stem in stems}

    def _read(self, identifier: str) -> dict[str, Any]:
        path = self._file(identifier)
        label = read_json(path, what=f"the label {identifier}")
        if label is None:
            raise LabelNotFoundError(identifier)
        if label.get("id") != identifier:
            msg = f"{path} must be the label {identifier}, found the id {label.get('id')!r}"
            raise UsageError(msg, "bring back a copy, or move the file away")
        return label

    def _summary(self, identifier: str) -> Summary | None:
        """The summary of a label that the index lacks; None if the label was deleted meanwhile."""
        try:
            return summarise(self._read(identifier))
        except LabelNotFoundError:
            return None
        except UsageError as error:
            return damaged(identifier, str(error))
        except (AttributeError, TypeError) as error:
            return damaged(identifier, f"{self._file(identifier)} must be a label, but: {error}")

    def _open_index(self) -> Table:
        return TinyDB(storage=IndexStorage, path=self._index).table(TABLE)

    @contextmanager
    def _changing(self) -> Iterator[Table]:
        """The index, complete and locked; opened anew, as another process may have changed it."""
        self._move_old_labels()
        with locked(self._index):
            try:
                self._labels.mkdir(exist_ok=True)
            except OSError as error:
                raise unwritable(self._labels, error) from error
            index = self._open_index()
            self._catch_up(index)
            yield index

    def _catch_up(self, index: Table) -> None:
        """Make the index agree with the files. After a change that was not cut short there is nothing to do."""
        listed, kept = {row["id"] for row in index}, self._identifiers()
        if gone := listed - kept:
            index.remove(where("id").one_of(list(gone)))
        found = [self._summary(identifier) for identifier in sorted(kept - listed)]
        if rows := [asdict(item) for item in found if item is not None and not item.problem]:
            index.insert_multiple(rows)

    def _move_old_labels(self) -> None:
        """Earlier versions kept all labels in ``labels.json``; each moves to its own file once.

        Raises:
            UsageError: If that file is damaged. It is left as it is.
        """
        if not self._old.exists():
            return
        with locked(self._index):
            what = "a TinyDB file of labels"
            tables = read_json(self._old, what=what)
            if tables is None:  # another process was faster
                return
            rows = tables.get(TABLE, {})
            if not isinstance(rows, dict) or not all(isinstance(row, dict) and row.get("id") for row in rows.values()):
                msg = f"{self._old} must be {what}, found other JSON"
                raise UsageError(msg, "nothing was changed; bring back a copy, or move the file away")
            try:
                self._labels.mkdir(exist_ok=True)
                for label in rows.values():
                    if not self._file(identifier_of(label)).exists():
                        replace_json(self._file(identifier_of(label)), label)
                self._old.replace(self._old.with_name("labels.json.moved"))
            except OSError as error:
                raise unwritable(self._old, error) from error


def damaged(identifier: str, problem: str) -> Summary:
    """The summary of a label whose file cannot be read."""
    texts = dict.fromkeys(("created", "name", "task", "framework", "family", "sha256"), "")
    return Summary(id=identifier, candidates=0, measured=0, unfinished=0, problem=problem, **texts)
