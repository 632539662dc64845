"""Every error a user can cause: one line that says what must hold, what was found and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

EXIT_DONE: Final = 0
EXIT_INCOMPLETE: Final = 1
EXIT_USAGE: Final = 2
EXIT_LOAD: Final = 3
EXIT_REQUIREMENT: Final = 4
EXIT_INTERRUPTED: Final = 130


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why something did not come out, or is not in the plan: a stable code, one line, and what to do."""

    code: str
    text: str
    hint: str = ""


class CareLabelError(Exception):
    """An expected error.

    Args:
        message: What must hold and what was found, one line.
        hint: What to do about it, one line, or nothing when the message says it.
    """

    exit_code: ClassVar[int] = EXIT_USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        self.hint = " ".join(hint.split())

    def __str__(self) -> str:
        """The one line that a person reads."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(CareLabelError):
    """The command line, the metadata, a suite or an input file is wrong."""


class IncompleteError(CareLabelError):
    """What was requested was begun, and failed, crashed or timed out."""

    exit_code = EXIT_INCOMPLETE


class ConsentError(UsageError):
    """Loading the file would run code that is stored in it, and nobody has agreed to that."""


class LoadError(CareLabelError):
    """The model cannot be loaded."""

    exit_code = EXIT_LOAD


class UnsupportedError(CareLabelError):
    """A converter or an engine has nothing for a part of this model; what it says is in the message."""


class RequirementError(CareLabelError):
    """A stated requirement is not met by any candidate."""

    exit_code = EXIT_REQUIREMENT


class InterruptedImportError(CareLabelError):
    """The program was interrupted while it imported a plugin."""

    exit_code = EXIT_INTERRUPTED


class InterruptedRunError(CareLabelError):
    """The run was interrupted; its journal is kept."""

    exit_code = EXIT_INTERRUPTED
