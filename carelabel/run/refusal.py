"""What a worker says when it has no result: the error part of an answer."""

from __future__ import annotations

from typing import Any, Final

from carelabel.errors import CareLabelError, LoadError, UnsupportedError, UsageError

_LONGEST: Final = 600


class RefusalError(CareLabelError):
    """Something that plugin code gave or asked for breaks the contract.

    Args:
        code: Stable word for the outcome: undeclared-quantity, wrong-shape, unknown-op, ...
    """

    def __init__(self, *, code: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as the parent gets it: type, message, hint and a stable code; the traceback is in the log."""
    kind = type(error).__name__
    if isinstance(error, CareLabelError):
        return {"type": _expected_type(error), "message": error.message, "hint": error.hint, "code": _code(error)}
    text = " ".join(str(error).split())[:_LONGEST]
    return {"type": kind, "message": f"{kind}: {text}" if text else kind, "hint": "", "code": _code(error)}


def _expected_type(error: CareLabelError) -> str:
    """Children of LoadError and UsageError count as those, so that the parent knows their exit code."""
    for kind in (LoadError, UsageError):
        if isinstance(error, kind):
            return kind.__name__
    return type(error).__name__


def _code(error: BaseException) -> str:
    if isinstance(error, RefusalError):
        return error.code
    if isinstance(error, LoadError):
        return "load-failed"
    if isinstance(error, UnsupportedError):
        return "unsupported"
    if isinstance(error, MemoryError):
        return "out-of-memory"
    if isinstance(error, ImportError):
        return "import-failed"
    return "usage" if isinstance(error, CareLabelError) else "exception"
