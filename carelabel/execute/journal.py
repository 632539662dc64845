"""The journal of a run: JSON lines under the plan's hash, each on the disk before the run goes on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carelabel.base import linux
from carelabel.base.json_codec import from_json, to_json
from carelabel.errors import UsageError
from carelabel.plan.outcomes import Built, Outcome

if TYPE_CHECKING:
    from pathlib import Path

CellKey = tuple[str, str | None, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entries:
    """What a journal holds.

    Attributes:
        built: Candidate id to how its building ended.
        cells: (candidate, platform, test) to its outcome; of several the last counts.
        finished: True when the run came to its end.
        torn: True when the last line was incomplete and has been left out.
    """

    plan_sha256: str
    built: dict[str, Built] = field(default_factory=dict)
    cells: dict[CellKey, Outcome] = field(default_factory=dict)
    finished: bool = False
    torn: bool = False


class Journal:
    """Append-only. A line is written whole and synchronised before `append` returns.

    Raises:
        UsageError: If another process writes it: the run is under way.
    """

    def __init__(self, path: Path, plan_sha256: str) -> None:
        is_new = not path.exists()
        self._file = path.open("ab")
        if linux.lock(self._file.fileno(), wait=False) is False:
            self._file.close()
            msg = f"--resume needs a run that has ended, but another process still writes {path}"
            raise UsageError(msg, "wait until it ends, or interrupt it")
        if not is_new:
            _cut_torn_line(path)
        else:
            self._append("plan", {"plan_sha256": plan_sha256})
            _sync_folder(path.parent)

    def built(self, entry: Built) -> None:
        """Keep how the building of a candidate ended."""
        self._append("built", entry)

    def cells(self, outcomes: list[Outcome]) -> None:
        """Keep outcomes that belong together: after a kill either all of a block count or none."""
        self._append("cells", outcomes)

    def finish(self) -> None:
        """Say that the run came to its end."""
        self._append("finished", {})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, kind: str, value: Any) -> None:  # noqa: ANN401 - any record
        line = json.dumps({"kind": kind, "value": to_json(value)}, allow_nan=False, separators=(",", ":"))
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def read_journal(path: Path) -> Entries:
    """Read a journal; a torn last line is left out.

    Raises:
        UsageError: If the file is no journal, or is damaged before its last line.
    """
    lines = path.read_bytes().split(b"\n")
    whole, rest = lines[:-1], lines[-1]
    try:
        messages = [json.loads(line) for line in whole]
        entries = Entries(plan_sha256=messages[0]["value"]["plan_sha256"], torn=bool(rest))
        finished = [_take(entries, message) for message in messages[1:]]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        msg = f"{path} must be a journal of JSON lines, got {type(error).__name__}: {error}"
        raise UsageError(msg, "run again without --resume") from error
    return Entries(
        plan_sha256=entries.plan_sha256,
        built=entries.built,
        cells=entries.cells,
        finished=any(finished),
        torn=entries.torn,
    )


def _take(entries: Entries, message: dict[str, Any]) -> bool:
    kind, value = message["kind"], message["value"]
    if kind == "built":
        built = from_json(Built, value)
        entries.built[built.candidate] = built
    elif kind == "cells":
        for item in value:
            outcome = from_json(Outcome, item)
            entries.cells[outcome.candidate, outcome.platform, outcome.test] = outcome
    return bool(kind == "finished")


def _cut_torn_line(path: Path) -> None:
    """A line that a kill tore would swallow the next one."""
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
