"""Does a record apply to this subject on this machine? Pure: values in, a value out, and always all reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carelabel.errors import Reason
from carelabel.plugin.needs import install_hint, missing_requirements
from carelabel.plugin.records import ANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carelabel.base.host import Host
    from carelabel.model.facts import ModelFacts, Subject
    from carelabel.plugin.records import Record

_NEEDS = {
    "train": "the metadata names no training data",
    "labels": "the test data has no target",
    "probabilities": "the model gives no probabilities",
    "decision": "the model has no decision function",
    "groups": "the metadata names no sensitive columns",
    "compiler": "there is no C++ compiler on this machine",
    "gradients": "the model gives no gradients",
    "propensities": "the data has no propensity column",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The record applies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """The record does not apply, with every reason there is.

    The texts leave the record's name out: on a label, skips that share a rule are one line.
    """

    reasons: tuple[Reason, ...]

    @property
    def text(self) -> str:
        """All reasons in one line."""
        return "; ".join(reason.text for reason in self.reasons)

    @property
    def hint(self) -> str:
        """What would help, in one line."""
        return "; ".join(reason.hint for reason in self.reasons if reason.hint)


def match(record: Record, subject: Subject, host: Host, *, framework: str | None = None) -> Accepted | Rejected:
    """Check a record against subject and machine.

    Args:
        framework: Framework of the candidate in question; the subject's own by default.
    """
    return match_model(record, subject.model, subject.provides, host, task=subject.task, framework=framework)


def match_model(  # noqa: PLR0913 - a subject in its parts
    record: Record,
    model: ModelFacts,
    provides: frozenset[str],
    host: Host,
    *,
    task: str | None = None,
    framework: str | None = None,
) -> Accepted | Rejected:
    """Check a record against a model's facts and this machine; data need not be there.

    Args:
        provides: Words that model and data provide.
        task: The declared one; the model's own by default.
        framework: As in `match`.
    """
    reasons = (
        *_word(record.tasks, task or model.task, "task"),
        *_word(record.frameworks, framework or model.framework, "framework"),
        *_word(record.families, model.family, "family"),
        *_needs(record, provides | host.provides),
        *_hardware(record, host.tags),
        *_packages(record, host),
    )
    return Rejected(reasons=reasons) if reasons else Accepted()


def match_packages(record: Record, host: Host) -> Accepted | Rejected:
    """Check only whether the packages that a record requires are installed."""
    reasons = tuple(_packages(record, host))
    return Rejected(reasons=reasons) if reasons else Accepted()


def _word(allowed: frozenset[str], found: str, what: str) -> Iterator[Reason]:
    if allowed != ANY and found not in allowed:
        text = f"is for {what} {', '.join(sorted(allowed))}, this is {found}"
        yield Reason(code=what, text=text)


def _needs(record: Record, provided: frozenset[str]) -> Iterator[Reason]:
    for word in sorted(record.needs - provided):
        why = _NEEDS.get(word, f"neither the subject nor this machine provides {word!r}")
        hint = "apt-get install g++" if word == "compiler" else ""
        yield Reason(code=f"needs-{word}", text=f"needs {word}: {why}", hint=hint)


def _hardware(record: Record, tags: frozenset[str]) -> Iterator[Reason]:
    missing = sorted(record.runs_on - tags)
    if missing:
        yield Reason(code="hardware", text=f"runs on {', '.join(missing)}, which this machine has not")


def _packages(record: Record, host: Host) -> Iterator[Reason]:
    if record.unavailable is not None:
        yield record.unavailable
    for missing in missing_requirements(record.requires, host.packages):
        found = f"found {missing.found}" if missing.found else "it is not installed"
        yield Reason(
            code="package",
            text=f"requires {missing.requirement}: {found}",
            hint=install_hint(missing.requirement, _extra_of(record)),
        )


def _extra_of(record: Record) -> str:
    """The extra that belongs to a built-in plugin: it is called as its package, without the project's name."""
    return record.entry.partition(".")[0].removeprefix("carelabel_")
