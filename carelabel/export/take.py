"""Taking a form of a labelled model out of the cache: the very files that were measured, and how they are called."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carelabel.base.home import Home
from carelabel.cache.artefacts import ENTRY, made_from, read_entry
from carelabel.errors import UsageError
from carelabel.model.metadata import hash_file
from carelabel.plan import ORIGINAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DESCRIPTION = "form.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What was written.

    Attributes:
        files: Names below the folder; `DESCRIPTION` among them.
        usage: Python that calls the form; empty where nobody has said how.
    """

    form: str
    folder: Path
    files: tuple[str, ...]
    usage: str


def take_form(label: Mapping[str, Any], form: str, folder: Path, *, root: Path, usages: Mapping[str, str]) -> Taken:
    """Write the files of a form into a new folder, exactly as they were measured, with a description.

    Args:
        label: As it is stored.
        form: Id of a candidate.
        folder: Must not exist, or be empty.
        root: CARELABEL_HOME.
        usages: By backend, how its files are called.

    Raises:
        UsageError: If the label has no such form, it was not built, or its files are not in the cache any more.
    """
    candidate = _candidate(label, form)
    entry, answer = _entry(Home(root=root), label, candidate)
    _refuse_taken(folder, root)
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.part")
    try:
        names = _copy(entry, answer["files"], part)
        description = DESCRIPTION if DESCRIPTION not in names else f"carelabel-{DESCRIPTION}"
        usage = usages.get(candidate["backend"], "")
        text = json.dumps({**_description(label, candidate, answer["artefact"]), "usage": usage}, indent=2)
        (part / description).write_text(text + "\n", encoding="utf-8")
        part.rename(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Taken(form=form, folder=folder, files=tuple(sorted([*names, description])), usage=usage)


def _refuse_taken(folder: Path, root: Path) -> None:
    try:
        if folder.resolve().is_relative_to(root.resolve()):
            msg = f"the output {folder} must lie outside of CARELABEL_HOME, whose files carelabel itself looks after"
            raise UsageError(msg, "name another with -o")
        is_free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise _unwritable(folder, error) from error
    if not is_free:
        msg = f"the output {folder} must be a new or empty folder, but something is there already"
        raise UsageError(msg, "name another with -o, or move it away")


def _unwritable(folder: Path, error: OSError) -> UsageError:
    msg = f"{folder} must be a folder that can be written, found: {error.strerror or error}"
    return UsageError(msg, "name another with -o")


def _copy(entry: Path, files: Mapping[str, str], part: Path) -> list[str]:
    """Copy files and hold that the copies are what was measured."""
    for name, sha256 in files.items():
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(entry / name, part / name, follow_symlinks=False)
        if hash_file(part / name)[0] != sha256:
            raise OSError(0, f"{name} was changed while it was copied")
    return list(files)


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


def _entry(home: Home, label: Mapping[str, Any], candidate: Mapping[str, Any]) -> tuple[Path, dict[str, Any]]:
    """The folder of a conversion in the cache, and the converter's answer; only files that have not changed count."""
    parent: Mapping[str, Any] = next((item for item in label["candidates"] if item["id"] == candidate["parent"]), {})
    wanted = made_from(parent.get("sha256") or "", candidate["converter"], candidate["parameters"])
    for path in sorted(home.artefacts.glob(f"*/{ENTRY}")):
        answer = read_entry(path.parent)
        if answer is not None and answer.get("made_from") == wanted and answer.get("sha256") == candidate["sha256"]:
            return path.parent, answer
    msg = f"the files of {candidate['id']} must be in the cache as they were measured, found none in {home.artefacts}"
    raise UsageError(msg, "carelabel run builds them again; the label may also be of another machine")


def _description(label: Mapping[str, Any], candidate: Mapping[str, Any], artefact: Mapping[str, Any]) -> dict[str, Any]:
    """What whoever calls the form must know: its input, the order of its classes, and how far it is the same model."""
    facts = label["subject"].get("facts") or {}
    kept = ("id", "converter", "parameters", "format", "sha256", "bytes", "lossless")
    return {
        "label": label["id"],
        "name": label["subject"]["name"],
        **{name: candidate.get(name) for name in kept},
        "parity": (candidate.get("parity") or {}).get("class"),
        "path": artefact["path"],
        "input": artefact.get("input_type") or facts.get("input_type"),
        "task": facts.get("task"),
        "classes": facts.get("classes"),
        "measured_with": label["environment"]["packages"],
    }
