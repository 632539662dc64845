"""Taking a form of a labelled model out of the cache: the very files that were measured, and how they are called."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carelabel.errors import UsageError
from carelabel.home import Home
from carelabel.plan import ORIGINAL
from carelabel.run.conversions import ENTRY
from carelabel.run.ops_convert import hash_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DESCRIPTION = "form.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What was written.

    Attributes:
        files: Names below the folder; `DESCRIPTION` among them.
    """

    form: str
    folder: Path
    files: tuple[str, ...]


def take_form(label: Mapping[str, Any], form: str, folder: Path, root: Path) -> Taken:
    """Write the files of a form into a new folder, exactly as they were measured, with a description.

    Args:
        label: As it is stored.
        form: Id of a candidate.
        folder: Must not exist, or be empty.
        root: CARELABEL_HOME.

    Raises:
        UsageError: If the label has no such form, it was not built, or its files are not in the cache any more.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"the output {folder} must be a new or empty folder, but something is there already"
        raise UsageError(msg, "name another with -o, or move it away")
    candidate = _candidate(label, form)
    entry, answer = _entry(Home(root=root), candidate)
    artefact = answer["artefact"]
    try:
        shutil.copytree(entry, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(ENTRY))
        described = json.dumps(_description(label, candidate, artefact), indent=2)
        (folder / DESCRIPTION).write_text(described + "\n", encoding="utf-8")
    except OSError as error:
        msg = f"{folder} must be a folder that can be written, found: {error.strerror or error}"
        raise UsageError(msg, "name another with -o") from error
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return Taken(form=form, folder=folder, files=tuple(files))


def _candidate(label: Mapping[str, Any], form: str) -> Mapping[str, Any]:
    candidates: list[Mapping[str, Any]] = label["candidates"]
    built = {item["id"]: item for item in candidates if item["status"] == "built"}
    if form == ORIGINAL:
        msg = f"the form must be one that was built, got {form!r}, which is the model file itself"
    elif form in built:
        return built[form]
    elif any(item["id"] == form for item in candidates):
        msg = f"the form must be one that was built, and {form!r} was not"
    else:
        msg = f"the form must be one that the label has, got {form!r}"
    known = ", ".join(name for name in built if name != ORIGINAL) or "none"
    raise UsageError(msg, f"built: {known}")


def _entry(home: Home, candidate: Mapping[str, Any]) -> tuple[Path, dict[str, Any]]:
    """The folder of a conversion in the cache, and the converter's answer; only files that have not changed count."""
    for path in sorted(home.artefacts.glob(f"*/{ENTRY}")):
        try:
            answer: dict[str, Any] = json.loads(path.read_bytes())
            artefact = path.parent / answer["artefact"]["path"]
            meant = answer["sha256"] == candidate["sha256"] and answer["artefact"]["format"] == candidate["format"]
            if meant and hash_path(artefact)[0] == candidate["sha256"]:
                return path.parent, answer
        except (OSError, ValueError, LookupError, TypeError):  # a damaged entry counts as none
            continue
    msg = f"the files of {candidate['id']} must be in the cache as they were measured, found none in {home.artefacts}"
    raise UsageError(msg, "carelabel run builds them again; the label may also be of another machine")


def _description(label: Mapping[str, Any], candidate: Mapping[str, Any], artefact: Mapping[str, Any]) -> dict[str, Any]:
    """What whoever calls the form must know: its input, the order of its classes, and how far it is the same model."""
    facts = artefact.get("facts") or {}
    kept = ("id", "converter", "parameters", "format", "sha256", "bytes", "lossless")
    return {
        "label": label["id"],
        "name": label["subject"]["name"],
        **{name: candidate.get(name) for name in kept},
        "parity": (candidate.get("parity") or {}).get("class"),
        "path": artefact["path"],
        "input": artefact.get("input_type"),
        "task": facts.get("task"),
        "classes": facts.get("classes"),
        "libraries": facts.get("libraries"),
        "measured_with": label["environment"]["packages"],
    }
