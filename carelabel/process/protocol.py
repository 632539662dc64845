"""The messages between the parent and its workers: one JSON object a line, on a pipe of their own.

A request is ``{"id": 7, "op": "run", ...}``; its answer is ``{"id": 7, "ok": true, "result": {...}}`` or
``{"id": 7, "ok": false, "error": {"type", "message", "hint", "log"}}``. Every result carries ``spent``, the seconds the
worker spent by category (``import``, ``load``, ``plugin``, ``warm_up``, ``turn``). Arrays never travel here: rows and
predictions lie in files that both sides know. An unknown field is ignored, an unknown op is an error, and the
end of the stream ends the worker.

Ops and their fields (paths are strings; `artefact`, `platform`, `facts` are the JSON forms of the records in
`carelabel.plugin.interfaces` and `carelabel.model.facts`)::

    hello    {}                                               -> pid, python, threads, affinity, modules
    inspect  {submission, backends: [{id, entry, format...}], folder} -> backend, model, test, train, files
    convert  {source: artefact, source_backend: entry, entry, parameters, out, data, threads, seed}
                                                              -> artefact, convert_s
    load     {}                                               -> import_s, load_s, first_call_s
    ready    {}                                               -> import_s, load_s
    predict  {out, boundary: {make, folder, limit, seed}}     -> files, nondeterministic, nan, improper, seconds
    run      {test: {id, entry, parameters, quantities}}      -> measurements
    setup    {test}                                           -> points
    turn     {test, point}                                    -> samples
    prepare  {entry}                                          -> {}
    score    {what: "metric" | "test" | "parity" | "pilot" | "summarise", ...} -> measurements | parity | rounds
    meters   {meters: [{id, entry}]}                          -> sensors
    close    {}                                               -> {}

A worker of role ``candidate`` gets its candidate, platform, data folders and entries once, in the request
``open``; every later request is about that candidate. ``prepare`` and ``score`` are asked of the scorer.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from carelabel.base.json_codec import from_json, number, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MAX_LINE_BYTES", "decode", "encode", "from_json", "number", "objection", "seconds_of", "to_json"]

MAX_LINE_BYTES = 64 * 1024 * 1024


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _may_be_object(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return isinstance(value, int)


def _may_be_count(value: object) -> bool:
    return value is None or isinstance(value, int)


def _is_artefact(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("path"), str) and _may_be_object(value.get("parameters"))


_FIGURES: Final = MappingProxyType({"measurements": _are_objects})
_FACTS: Final = MappingProxyType(
    {"backend": _is_text, "model": _is_object, "test": _may_be_object, "train": _may_be_object}
)
_RESULTS: Final[Mapping[str, Mapping[str, Callable[[object], bool]]]] = MappingProxyType(
    {
        "inspect": {**_FACTS, "test": _is_object},
        "look": _FACTS,
        "convert": {"artefact": _is_artefact, "sha256": _is_text, "bytes": _is_count},
        "predict": {
            "resident_bytes": _may_be_count,
            "nondeterministic": _may_be_object,
            "nan": _may_be_object,
            "improper": _may_be_count,
        },
        "run": _FIGURES,
        "setup": {"points": _are_objects},
        "turn": {"samples": _is_object},
        "meters": {"sensors": _are_objects},
        "score metric": _FIGURES,
        "score test": _FIGURES,
        "score summarise": _FIGURES,
        "score parity": {"parity": _is_object},
        "score pilot": {"rounds": _is_count, "ended_by": _is_text},
    }
)
"""What the parent reads of a result. A model can write on the pipe, so that no answer is believed to be a worker's."""


def encode(message: dict[str, Any]) -> bytes:
    """One message as one line."""
    return json.dumps(to_json(message), allow_nan=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Read one line.

    Raises:
        ValueError: If it is not a JSON object.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        msg = f"a message must be a JSON object, got {type(error).__name__}"
        raise ValueError(msg) from error
    if not isinstance(message, dict):
        msg = f"a message must be a JSON object, got {type(message).__name__}"
        raise ValueError(msg)  # noqa: TRY004 - one exception for everything that is not a message
    return message


def objection(op: str, result: Mapping[str, Any]) -> str:
    """What is wrong with a result, or nothing.

    Args:
        op: As requests name it; for ``score`` with its ``what``, after a blank.
    """
    wrong = [name for name, holds in _RESULTS.get(op, {}).items() if not holds(result.get(name))]
    shown = ", ".join(f"{name} {str(result[name])[:40]!r}" if name in result else f"no {name}" for name in wrong)
    return f"a result of {op!r} must be as the protocol says, got {shown}" if wrong else ""


def seconds_of(content: Mapping[str, Any]) -> Mapping[str, float]:
    """The seconds that a worker spent, by category.

    Raises:
        ValueError: If they are no finite numbers, or none was sent.
    """
    spent = content.get("spent", {})
    if isinstance(spent, dict) and all(_is_seconds(value) for value in spent.values()):
        return {name: float(value) for name, value in spent.items()}
    msg = f"spent must map categories to seconds, got {str(spent)[:40]!r}"
    raise ValueError(msg)


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < float("inf")
