"""The cache of facts: what an earlier inspection has found is taken over as long as nothing it depends on has changed.

An entry is found by the contents of model and data, by what the metadata says, by the backends that would be asked, by
the folder one is in, the import path and the environment. It holds as long as everything that `touched_files` knows of,
and the rows that were laid down, is as it was. An entry that is damaged, or can't be written, counts as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from carelabel.base.home import Home
from carelabel.base.json_codec import to_json
from carelabel.process.environment import worker_environment
from carelabel.worker.touched_files import Stamp, stamp, unchanged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carelabel.model.facts import Submission


class KnownFacts:
    """The place of one inspection's answer in the cache.

    Args:
        root: CARELABEL_HOME.
        backends: Those that would be asked, as requests name them.
    """

    def __init__(self, root: Path, submission: Submission, backends: Sequence[Mapping[str, Any]]) -> None:
        self._path = Home(root=root).facts / f"{_key(submission, backends)}.json"

    def read(self) -> dict[str, Any] | None:
        """What an earlier inspection answered, or None when there is none or something has changed since."""
        try:
            if not self._path.is_file():  # reading a pipe would wait
                return None
            entry = json.loads(self._path.read_bytes())
            answer, stamps = entry["answer"], _flat(entry["files"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        return answer if isinstance(answer, dict) and unchanged(stamps) else None

    def keep(self, answer: Mapping[str, Any], files: object, rows: Path) -> None:
        """Keep an answer that has been found good.

        Args:
            files: Stamps by path, as the inspector says: a model can speak for it. None when it knows of a change.
            rows: Folder below which the rows were laid down.
        """
        if not _are_stamps(files):
            return
        laid_down = {str(path): stamp(str(path)) for path in rows.rglob("*") if path.is_file()}
        entry = json.dumps({"answer": answer, "files": _by_folder({**files, **laid_down})})
        part = self._path.with_name(f"{self._path.name}.{uuid.uuid4().hex}.part")
        with contextlib.suppress(OSError):  # the inspection went well, and the run can do without the entry
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(entry, encoding="utf-8")
            part.replace(self._path)


def _key(submission: Submission, backends: Sequence[Mapping[str, Any]]) -> str:
    given = {name: value for name, value in to_json(submission).items() if name != "metadata_path"}
    interpreter = [sys.version, sys.executable, sys.path, str(Path.cwd())]
    parts = [given, list(backends), worker_environment(None, os.environ), interpreter]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _are_stamps(files: object) -> TypeGuard[dict[str, list[int] | None]]:
    return isinstance(files, dict) and all(item is None or _are_counts(item) for item in files.values())


def _are_counts(item: object) -> bool:
    return isinstance(item, list | tuple) and all(isinstance(number, int) for number in item)


def _by_folder(stamps: Mapping[str, Sequence[int] | None]) -> dict[str, dict[str, Sequence[int] | None]]:
    """Stamps without saying every folder again: there are a thousand modules in some dozens of folders."""
    found: dict[str, dict[str, Sequence[int] | None]] = {}
    for path, item in stamps.items():
        folder, name = os.path.split(path)
        found.setdefault(folder, {})[name] = item
    return found


def _flat(files: Mapping[str, Mapping[str, Sequence[int] | None]]) -> dict[str, Stamp | None]:
    return {
        os.path.join(folder, name): None if item is None else tuple(item)  # noqa: PTH118 - a thousand times
        for folder, names in files.items()
        for name, item in names.items()
    }
