"""Where a run keeps its files, and where what outlives it is cached."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carelabel.base.home import Home
from carelabel.base.json_codec import from_json, to_json
from carelabel.errors import UsageError
from carelabel.execute.journal import read_journal
from carelabel.plan import Plan, plan_sha256

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFolder:
    """The folder of one run.

    Attributes:
        path: ``runs/<utc>-<first digits of the plan's hash>`` below CARELABEL_HOME.
        artefacts: Converted models by content key, shared by all runs.
    """

    path: Path
    artefacts: Path

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.path / "journal.jsonl"

    def log(self, name: str) -> Path:
        """Log file of a worker."""
        return self.path / "logs" / f"{_safe(name)}.log"

    def predictions(self, candidate: str) -> Path:
        """Folder of a candidate's predictions."""
        return self.path / "pred" / _safe(candidate)

    def samples(self, name: str) -> Path:
        """Raw samples of a test on a platform."""
        return self.path / "samples" / f"{_safe(name)}.jsonl"

    def scratch(self, name: str) -> Path:
        """A worker's own folder."""
        path = self.path / "scratch" / _safe(name)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def relative(self, path: Path | str | None) -> str | None:
        """A path as the label names it."""
        if path is None:
            return None
        text = str(path)
        return text.removeprefix(f"{self.path}/")


def _safe(name: str) -> str:
    """A name that is one component of a path."""
    return "".join(char if char.isalnum() or char in "+-._" else "_" for char in name)


def new_folder(home: Path, plan: Plan) -> RunFolder:
    """Make the folder of a new run and write its plan.

    Raises:
        UsageError: If CARELABEL_HOME cannot be written.
    """
    stamp = dt.datetime.now(tz=dt.UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    path = Home(root=home).runs / f"{stamp}-{plan_sha256(plan)[:8]}"
    try:
        for part in ("logs", "pred", "samples", "scratch"):
            (path / part).mkdir(parents=True)
        (path / "plan.json").write_text(json.dumps(to_json(plan), indent=1), encoding="utf-8")
    except OSError as error:
        msg = f"CARELABEL_HOME must be a folder that can be written, got {home}: {error.strerror}"
        raise UsageError(msg, "set CARELABEL_HOME to another folder") from error
    return RunFolder(path=path, artefacts=Home(root=home).artefacts)


def unfinished_folder(home: Path, plan: Plan) -> RunFolder:
    """The folder of the last unfinished run of the same model and metadata.

    Raises:
        UsageError: If there is none, or if host, versions or files have changed since.
    """
    candidates = sorted(Home(root=home).runs.glob("*/plan.json"), reverse=True)
    for path in candidates:
        old = _read_plan(path)
        if old is None or old.inputs.get("model") != plan.inputs["model"]:
            continue
        if old.inputs.get("metadata") != plan.inputs["metadata"]:
            continue
        folder = RunFolder(path=path.parent, artefacts=Home(root=home).artefacts)
        if _is_over(folder.journal):
            continue
        if plan_sha256(old) != plan_sha256(plan):
            msg = f"--resume needs the same host, versions, files and options, but {_difference(old, plan)}"
            raise UsageError(msg, "run again without --resume")
        return folder
    msg = "--resume needs an unfinished run of this model and metadata, found none"
    raise UsageError(msg, "run without --resume")


def _is_over(journal: Path) -> bool:
    """Whether there is nothing to go on with: the run has ended, or was killed before the journal's first line."""
    if not journal.exists() or b"\n" not in journal.read_bytes():
        return True
    return read_journal(journal).finished


def _read_plan(path: Path) -> Plan | None:
    """A plan of an earlier version may not be readable any more: then it is not one to resume."""
    try:
        return from_json(Plan, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _difference(old: Plan, new: Plan) -> str:
    """The parts of the plan that differ, with the first difference of maps."""
    before, after = to_json(old), to_json(new)
    parts = []
    for name in before:
        if before[name] == after.get(name):
            continue
        if isinstance(before[name], dict):
            keys = sorted(key for key in before[name] | after[name] if before[name].get(key) != after[name].get(key))
            parts.append(f"{name} ({', '.join(keys[:3])})")
        else:
            parts.append(name)
    return f"these differ: {', '.join(parts)}"
