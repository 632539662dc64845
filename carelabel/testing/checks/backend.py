"""Checks of backends."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from carelabel.errors import CareLabelError
from carelabel.plugin.records import Backend
from carelabel.testing.entry import accepts, code_of, has_methods
from carelabel.testing.result import Candidate, Check, must

_NOISE: Final = b"this is no model\n" * 8


def methods(candidate: Candidate) -> None:
    """A worker can drive it."""
    backend = code_of(candidate.record)()
    has_methods(backend, ("inspect", "load"), "a backend")
    accepts(backend.inspect, 2, (), "inspect(path, data)")
    accepts(backend.load, 2, (), "load(artefact, platform)")


def owns_something(candidate: Candidate) -> None:
    """Files find their backend."""
    record: Backend = candidate.record
    must(bool(record.formats), "formats is empty")
    wrong = [suffix for suffix in record.suffixes if not suffix.startswith(".") or suffix != suffix.lower()]
    must(not wrong, f"suffixes must begin with a dot, in lower case; got {', '.join(wrong)}")
    written = {converter.target for converter in candidate.registry.converters().values()}
    owns = bool(record.suffixes or record.magic or record.formats & written)
    must(owns, "neither suffixes nor magic say which files it may own, and no converter writes its formats")


def refuses_noise(candidate: Candidate) -> None:
    """A file that is not its own is refused by None or in one line."""
    from carelabel.testing.samples import data_set  # noqa: PLC0415 - imports numpy

    record: Backend = candidate.record
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"noise{next(iter(record.suffixes), '')}")
        path.write_bytes(_NOISE)
        try:
            facts = code_of(record)().inspect(path, data_set("classification"))
        except CareLabelError as error:
            must(bool(error.message), "the error says nothing")
        else:
            must(facts is None, f"inspect made {facts!r} of a file of noise")


CHECKS: Final = (
    Check(
        name="backend-methods",
        sentence="a backend must have inspect(path, data) and load(artefact, platform)",
        kind=Backend,
        run=methods,
    ),
    Check(
        name="backend-files",
        sentence="a backend must say by suffix or first bytes which files it may own",
        kind=Backend,
        run=owns_something,
        needs_code=False,
    ),
    Check(
        name="backend-noise",
        sentence="inspect must answer None or raise a CareLabelError for a file that is no model",
        kind=Backend,
        run=refuses_noise,
    ),
)
