"""What a check is and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from carelabel.process.refusal import tellable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carelabel.plugin.records import Record
    from carelabel.plugin.registry import Registry

CheckStatus = Literal["passed", "failed", "skipped"]


class CheckFailedError(AssertionError):
    """The sentence of a check does not hold; the message says what was found."""


class CheckSkipped(Exception):  # noqa: N818 - not an error
    """A check cannot be made here; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """How one check ended.

    Attributes:
        about: Id of the record, or the plugin's name.
        sentence: What must hold.
        message: What was found, empty when the check passed.
    """

    about: str
    check: str
    sentence: str
    status: CheckStatus
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What a check looks at: one record, or the plugin as a whole (then `record` is None)."""

    plugin: str
    registry: Registry
    id: str
    record: Any = None

    def defaults(self) -> dict[str, Any]:
        """The record's parameters at their defaults."""
        return {parameter.name: parameter.default for parameter in self.record.parameters}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: Stable, for `expected_failed`.
        sentence: What must hold, for a reader of the result.
        kind: The records it is for; None for the plugin as a whole.
        run: Raises `CheckFailedError` or `CheckSkipped`; any other exception is a failure too.
        needs_code: Whether it imports the record's entry, for which its requirements must be installed.
    """

    name: str
    sentence: str
    kind: type[Record] | None
    run: Callable[[Candidate], None]
    needs_code: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One check of one candidate; calling it makes the check."""

    check: Check
    candidate: Candidate

    @property
    def key(self) -> str:
        """``<id>:<check>``, as `expected_failed` names it."""
        return f"{self.candidate.id}:{self.check.name}"

    def __call__(self) -> None:
        """Make the check.

        Raises:
            CheckFailedError: If its sentence does not hold.
            CheckSkipped: If it cannot be made here.
        """
        from carelabel.testing.entry import require  # noqa: PLC0415 - reads what is installed, which collecting needs not

        if self.check.needs_code and self.candidate.record is not None:
            require(self.candidate.record)
        try:
            self.check.run(self.candidate)
        except (CheckFailedError, CheckSkipped):
            raise
        except Exception as error:
            msg = f"{self.check.sentence}; got {type(error).__name__}: {error}"
            raise CheckFailedError(msg) from error

    def result(self) -> CheckResult:
        """Make the check and say how it ended."""
        status: CheckStatus = "passed"
        message = ""
        try:
            self()
        except CheckSkipped as skip:
            status, message = "skipped", str(skip)
        except CheckFailedError as failure:
            status, message = "failed", tellable(" ".join(str(failure).split()))
        return CheckResult(
            about=self.candidate.id,
            check=self.check.name,
            sentence=self.check.sentence,
            status=status,
            message=message,
        )


def must(holds: bool, found: str) -> None:  # noqa: FBT001 - reads as a sentence: must(x == y, "...")
    """Fail the check unless something holds.

    Raises:
        CheckFailedError: With what was found.
    """
    if not holds:
        raise CheckFailedError(found)


def result_from_json(value: Mapping[str, Any]) -> CheckResult:
    """A result as ``python -m carelabel.testing`` prints it."""
    return CheckResult(**value)
