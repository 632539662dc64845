"""The cache of facts: what an earlier inspection has found is taken over as long as nothing it depends on has changed.

An entry is found by the contents of model and data, by what the metadata says, by the backends that would be asked, and
by the environment. It holds only as long as every file that the inspector's modules came from, or that its Python code
has read, or that it has laid down, has the size and the time it had then: a change to a library, to a plugin's source
or to the rows in the cache makes it void. As with conversions, a damaged entry counts as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.home import Home, unwritable
from carelabel.jsonable import to_json
from carelabel.run.environment import worker_environment
from carelabel.run.touched_files import stamps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carelabel.subject import Submission


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
            entry = json.loads(self._path.read_bytes())
            answer, files, stamp = entry["answer"], _whole_paths(entry["files"]), entry["stamp"]
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        return answer if isinstance(answer, dict) and _stamp(files) == stamp else None

    def keep(self, answer: Mapping[str, Any], files: object) -> None:
        """Keep an answer, and what it depends on besides the key; one whose files are gone already is not kept.

        Args:
            files: Absolute paths of the files that the inspector has touched, as it says: a model can speak for it.

        Raises:
            UsageError: If the cache cannot be written.
        """
        if not (isinstance(files, list) and all(isinstance(path, str) for path in files)):
            return
        laid_down = [str(path) for name in ("test", "train") if answer[name] for path in _rows_of(answer[name])]
        paths = sorted({*files, *laid_down})
        stamp = _stamp(paths)
        if stamp is None:
            return
        entry = {"answer": answer, "files": _by_folder(paths), "stamp": stamp}
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(entry, allow_nan=False), encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            raise unwritable(self._path, error) from error


def _key(submission: Submission, backends: Sequence[Mapping[str, Any]]) -> str:
    given = {name: value for name, value in to_json(submission).items() if name != "metadata_path"}
    libraries = [Path(sysconfig.get_path(name)).stat().st_mtime_ns for name in ("purelib", "platlib")]
    interpreter = [sys.version, sys.executable, libraries]  # a folder's time changes with every package put into it
    parts = [given, list(backends), worker_environment(None, os.environ), interpreter]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _rows_of(facts: Mapping[str, Any]) -> list[Path]:
    return [path for path in Path(facts["folder"]).rglob("*") if path.is_file()]


def _stamp(paths: list[str]) -> str | None:
    found = stamps(paths)
    return None if found is None else hashlib.sha256(json.dumps(list(found.items())).encode()).hexdigest()


def _by_folder(paths: Sequence[str]) -> dict[str, list[str]]:
    """Paths without saying every folder again: there are a thousand modules in some dozens of folders."""
    found: dict[str, list[str]] = {}
    for path in paths:
        folder, name = os.path.split(path)
        found.setdefault(folder, []).append(name)
    return found


def _whole_paths(files: Mapping[str, Sequence[str]]) -> list[str]:
    return sorted(str(Path(folder, name)) for folder, names in files.items() for name in names)
