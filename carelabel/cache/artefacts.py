"""The cache of conversions: an unchanged one is not done twice, and a half-done one never counts."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.base.json_codec import to_json
from carelabel.errors import UsageError
from carelabel.model.metadata import hash_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.execute.run_state import Running
    from carelabel.plan import PlannedCandidate

ENTRY = "built.json"
"""The converter's answer, in the folder of a conversion."""

_OLD_S = 2 * 86_400.0


class CachedConversion:
    """The place of one conversion in the cache.

    Attributes:
        part: Folder that the converter writes into; it becomes the entry when the conversion is done.
    """

    def __init__(self, running: Running, candidate: PlannedCandidate, parent_sha256: str) -> None:
        self._made_from = made_from(parent_sha256, candidate.converter, to_json(candidate.parameters))
        self._home = running.folder.artefacts / _content_key(running, candidate, parent_sha256)
        self.part = self._home.with_name(f"{self._home.name}.{uuid.uuid4().hex}.part")

    def read(self) -> dict[str, Any] | None:
        """The converter's answer, or None when there is none or its file is not what it was."""
        answer = read_entry(self._home)
        if answer is None:
            return None
        answer["artefact"]["path"] = str(self._home / answer["artefact"]["path"])
        return answer

    def begin(self) -> None:
        """Make an empty folder to write into, and remove what killed runs have left."""
        for left in self._home.parent.glob(f"{self._home.name}.*.part"):
            if _is_old(left):
                shutil.rmtree(left, ignore_errors=True)
        self.part.mkdir(parents=True)

    def keep(self, answer: Mapping[str, Any]) -> None:
        """Make the folder an entry, in one step. Its paths are kept relative to it."""
        content = to_json(answer)
        content["artefact"]["path"] = os.path.relpath(content["artefact"]["path"], self.part.resolve())
        content |= {"made_from": self._made_from, "files": _hashes(self.part)}
        (self.part / ENTRY).write_text(json.dumps(content, allow_nan=False), encoding="utf-8")
        if self.read() is None:
            shutil.rmtree(self._home, ignore_errors=True)  # an entry whose file has been damaged
        try:
            self.part.rename(self._home)
        except OSError:
            if self.read() is None:  # else another run was faster with the same conversion
                raise

    def drop(self) -> None:
        """Remove what has not become an entry."""
        shutil.rmtree(self.part, ignore_errors=True)


def made_from(parent_sha256: str, converter: str | None, parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """What an entry says of its origin: the file it was converted from, by which converter, and how."""
    return {"parent": parent_sha256, "converter": converter, "parameters": parameters}


def read_entry(folder: Path) -> dict[str, Any] | None:
    """The converter's answer in a folder of the cache, or None when there is none or a file is not what it was.

    The artefact's path is relative to the folder; ``files`` are the sha256 of all files, by relative path.
    """
    try:
        if not (folder / ENTRY).is_file():  # reading a pipe would wait
            return None
        answer: dict[str, Any] = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        path, files = answer["artefact"]["path"], answer["files"]
        is_whole = bool(files) and _hashes(folder) == files
    except (OSError, UsageError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    is_below = not Path(path).is_absolute() and (folder / path).resolve().is_relative_to(folder.resolve())
    return answer if is_whole and is_below else None


def _hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file by its path in the folder. The entry itself is none of them, and a link is no file."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): hash_file(path)[0] for path in paths if path != folder / ENTRY}


def _sources_of(entry: str) -> str:
    """Hash of the sources around a converter: whoever writes one changes it without changing its version.

    Of a package inside another, only the inner one: plugins may live in a large house.
    """
    top, *rest = entry.partition(":")[0].split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return ""
    folders = [Path(folder, *rest[:-1]) for folder in spec.submodule_search_locations or ()] if spec else []
    alone = [Path(spec.origin)] if spec and spec.origin and not folders else []
    paths = sorted([*alone, *(path for folder in folders for path in folder.rglob("*.py"))])
    hashes = [(path.name, hash_file(path)[0]) for path in paths]
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def _content_key(running: Running, candidate: PlannedCandidate, parent_sha256: str) -> str:
    """Hash of everything that a conversion depends on; tests that are measured later are no part of it."""
    plan, test, submission = running.plan, running.subject.test, running.subject.submission
    parts = [
        parent_sha256,
        dict(running.subject.model.beside),
        candidate.converter,
        candidate.entry,
        _sources_of(candidate.entry),
        to_json(candidate.parameters),
        dict(candidate.versions),
        plan.inputs.get("test"),
        plan.inputs.get("train"),
        plan.seed,
        plan.host["tags"],
        [test.container, list(test.columns), list(test.dtypes), list(test.shape), test.target],
        [[source.target, to_json(source.options)] for source in (submission.test, submission.train) if source],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _is_old(folder: Path) -> bool:
    """Whether no conversion can still be writing: they have hours at most, and may run in another container."""
    try:
        return time.time() - folder.stat().st_mtime > _OLD_S
    except OSError:
        return False
