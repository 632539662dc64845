"""What a worker says when it has no result: the error part of an answer."""

from __future__ import annotations

from typing import Any, Final

from carelabel.base.json_codec import encodable
from carelabel.errors import CareLabelError, LoadError, UnsupportedError, UsageError

LONGEST: Final = 1_000
"""Characters of a message or hint; what comes after them stands in the log."""


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
        texts = {"message": tellable(error.message), "hint": tellable(error.hint)}
        return {"type": _expected_type(error), **texts, "code": _code(error)}
    text = _text_of(error)
    message = " ".join((f"{kind}: {text}" if text.strip() else kind).split())
    return {"type": kind, "message": tellable(message), "hint": "", "code": _code(error)}


def tellable(text: str) -> str:
    """A text as a label can hold it: no half characters, and no more than `LONGEST` whole ones."""
    left_out = len(text) - LONGEST
    return encodable(text if left_out <= 0 else f"{text[:LONGEST]}... ({left_out} more characters)")


def _text_of(error: BaseException) -> str:
    """What an exception says; its own code can fail, too."""
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - foreign code
        return f"(its text cannot be had: {type(second).__name__})"


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
