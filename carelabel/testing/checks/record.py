"""Checks of every record, whatever its kind."""

from __future__ import annotations

from typing import Final

from packaging.requirements import InvalidRequirement, Requirement

from carelabel.plugin.records import Record
from carelabel.testing.entry import code_of
from carelabel.testing.result import Candidate, Check, must


def summarised(candidate: Candidate) -> None:
    """The lists show one line."""
    summary = candidate.record.summary
    must(bool(summary.strip()) and "\n" not in summary, f"summary is {summary!r}")


def requirements_read(candidate: Candidate) -> None:
    """Requirements can be compared with what is installed."""
    for text in candidate.record.requires:
        try:
            Requirement(text)
        except InvalidRequirement as error:
            must(holds=False, found=f"requires holds {text!r}: {str(error).splitlines()[0]}")


def entry_is_there(candidate: Candidate) -> None:
    """A worker finds something to call."""
    code = code_of(candidate.record)
    must(callable(code), f"{candidate.record.entry} is {type(code).__name__}, which cannot be called")


def parameters_described(candidate: Candidate) -> None:
    """A reader of ``--help`` and suites knows what a parameter does."""
    silent = [parameter.name for parameter in candidate.record.parameters if not parameter.description.strip()]
    must(not silent, f"no description of {', '.join(silent)}")


CHECKS: Final = (
    Check(
        name="summary",
        sentence="a record must have a summary of one line",
        kind=Record,
        run=summarised,
        needs_code=False,
    ),
    Check(
        name="requirements",
        sentence="requires must hold PEP 508 requirements",
        kind=Record,
        run=requirements_read,
        needs_code=False,
    ),
    Check(
        name="parameters",
        sentence="every parameter must be described",
        kind=Record,
        run=parameters_described,
        needs_code=False,
    ),
    Check(name="entry", sentence="the entry must name something that can be called", kind=Record, run=entry_is_there),
)
