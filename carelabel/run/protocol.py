"""The messages between the parent and its workers: one JSON object a line, on a pipe of their own.

A request is ``{"id": 7, "op": "run", ...}``; its answer is ``{"id": 7, "ok": true, "result": {...}}`` or
``{"id": 7, "ok": false, "error": {"type", "message", "hint", "log"}}``. Every result carries ``spent``, the seconds the
worker spent by category (``import``, ``load``, ``plugin``, ``warm_up``, ``turn``). Arrays never travel here: rows and
predictions lie in files that both sides know. An unknown field is ignored, an unknown op is an error, and the
end of the stream ends the worker.

Ops and their fields (paths are strings; `artefact`, `platform`, `facts` are the JSON forms of the records in
`carelabel.plugin.protocols` and `carelabel.subject`)::

    hello    {}                                               -> pid, python, threads, affinity, modules
    inspect  {submission, backends: [{id, entry, format...}], folder} -> backend, model, test, train
    convert  {source: artefact, source_backend: entry, entry, parameters, out, data, threads, seed}
                                                              -> artefact, convert_s
    load     {}                                               -> import_s, load_s, first_call_s
    predict  {out, boundary: {make, folder, limit, seed}}     -> files, nondeterministic, nan, seconds
    run      {test: {id, entry, parameters, quantities}}      -> measurements
    setup    {test}                                           -> points
    turn     {test, point}                                    -> samples
    score    {what: "metric" | "test" | "parity" | "pilot" | "summarise", ...} -> measurements | parity | rounds
    meters   {meters: [{id, entry}]}                          -> sensors
    close    {}                                               -> {}

A worker of role ``candidate`` gets its candidate, platform, data folders and entries once, in the request
``open``; every later request is about that candidate.
"""

from __future__ import annotations

import json
from typing import Any

from carelabel.jsonable import from_json, number, to_json

__all__ = ["MAX_LINE_BYTES", "decode", "encode", "from_json", "number", "to_json"]

MAX_LINE_BYTES = 64 * 1024 * 1024


def encode(message: dict[str, Any]) -> bytes:
    """One message as one line."""
    return json.dumps(to_json(message), allow_nan=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Read one line.

    Raises:
        ValueError: If it is not a JSON object.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        msg = f"a message must be a JSON object, got {type(message).__name__}"
        raise ValueError(msg)  # noqa: TRY004 - one exception for everything that is not a message
    return message
