"""How a worker ended, put into the closed set of outcomes: status, stable code and one line."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Literal

from carelabel.plan.outcomes import Reason
from carelabel.process.refusal import tellable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Status = Literal["failed", "crashed", "timed_out"]


class WorkerError(Exception):
    """A request to a worker that has no result.

    After ``failed`` the worker goes on and takes the next request. After ``crashed`` and ``timed_out`` it is dead, and
    so is every process it had started; each further request raises the same error.

    Attributes:
        reason: Stable code, one line, what to do.
        log: The worker's log.
        type: Name of the exception's class in the worker, empty unless failed. ``LoadError``, ``UsageError`` and
            ``ConsentError`` are those of `carelabel.errors`.
    """

    def __init__(self, status: Status, reason: Reason, log: Path, type_: str = "") -> None:
        super().__init__(f"{status}: {reason.text}")
        self.status = status
        self.reason = reason
        self.log = log
        self.type = type_


def failure(error: Mapping[str, Any], log: Path) -> WorkerError:
    """The error that a worker answered with."""
    reason = Reason(
        code=_text(error.get("code", "exception")),
        text=_text(error.get("message", "")),
        hint=_text(error.get("hint", "")),
    )
    return WorkerError("failed", reason, log, str(error.get("type", "")))


def _text(value: object) -> str:
    """As workers say it; a model can write on the pipe, so that no answer is believed to be a worker's."""
    return tellable(str(value))


def crash_reason(returncode: int, op: str, *, memory_ran_out: bool) -> Reason:
    """Why a worker's process ended although nobody had asked it to.

    Args:
        returncode: As `subprocess` gives it: minus the signal's number, or the exit code.
        op: What the worker was asked.
        memory_ran_out: Whether something besides the return code says that memory ran out.
    """
    doing = f"while it did {op!r}" if op else "before it was asked anything"
    if memory_ran_out:
        return Reason(
            code="out-of-memory", text=f"the worker ran out of memory {doing}", hint="use less data or a smaller model"
        )
    if returncode >= 0:
        return Reason(
            code=f"exit-{returncode}", text=f"the worker ended by exit({returncode}) {doing}", hint="see its log"
        )
    name = _signal_name(-returncode)
    code = {"SIGSEGV": "segfault", "SIGKILL": "killed"}.get(name, f"signal-{name.removeprefix('SIG').lower()}")
    return Reason(code=code, text=f"the worker died of {name} {doing}", hint="see its log")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"
