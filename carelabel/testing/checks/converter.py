"""Checks of converters."""

from __future__ import annotations

from typing import Final

from carelabel.plugin.records import ANY, Converter
from carelabel.testing.entry import accepts, code_of
from carelabel.testing.result import Candidate, Check, CheckSkipped, must


def signature(candidate: Candidate) -> None:
    """The worker's call fits."""
    record: Converter = candidate.record
    accepts(code_of(record), 3, tuple(candidate.defaults()), "convert(artefact, out, context, **parameters)")


def target_loads(candidate: Candidate) -> None:
    """What it writes can be loaded."""
    record: Converter = candidate.record
    if record.conversion == "export":  # for other places
        return
    formats = {word for backend in candidate.registry.backends().values() for word in backend.formats}
    _must_be_known(candidate, record.target in formats, f"no installed backend loads {record.target!r}")


def source_exists(candidate: Candidate) -> None:
    """What it takes exists."""
    record: Converter = candidate.record
    formats = {word for backend in candidate.registry.backends().values() for word in backend.formats}
    formats |= {converter.target for converter in candidate.registry.converters().values()}
    known = record.source == ANY or bool(record.source & formats)
    _must_be_known(candidate, known, f"no installed plugin brings {', '.join(sorted(record.source))}")


def _must_be_known(candidate: Candidate, known: bool, found: str) -> None:  # noqa: FBT001 - as `must`
    """Built-in plugins name each other's formats: one is unknown only where the plugin that brings it is absent."""
    if not known and candidate.registry.records[candidate.id].builtin:
        raise CheckSkipped(found)
    must(known, found)


def says_what_is_lost(candidate: Candidate) -> None:
    """A reader knows what "the same model" allows."""
    record: Converter = candidate.record
    if not record.lossless and record.conversion != "reference":  # which is not meant to be the same model
        must(bool(record.tolerance.strip()), "lossless is False and tolerance is empty")


CHECKS: Final = (
    Check(
        name="converter-signature",
        sentence="a converter's entry must take (artefact, out, context) and its declared parameters",
        kind=Converter,
        run=signature,
    ),
    Check(
        name="converter-target",
        sentence="an installed backend must load what the converter writes",
        kind=Converter,
        run=target_loads,
        needs_code=False,
    ),
    Check(
        name="converter-source",
        sentence="an installed plugin must bring a format that the converter takes",
        kind=Converter,
        run=source_exists,
        needs_code=False,
    ),
    Check(
        name="converter-tolerance",
        sentence="a converter that changes the model must say how far",
        kind=Converter,
        run=says_what_is_lost,
        needs_code=False,
    ),
)
