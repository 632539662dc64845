"""The worker's ends of the pipes."""

from __future__ import annotations

import os
from typing import Any, BinaryIO, Final

from carelabel.process.protocol import MAX_LINE_BYTES, decode, encode

_LOWEST: Final = 100


class Pipe:
    """Requests in, answers out.

    Both descriptors are moved away from the low numbers that careless code closes or writes to, are closed when another
    program is executed, and are closed in forked children: nobody but this process can answer.
    """

    def __init__(self, requests: int, answers: int) -> None:
        self._requests: BinaryIO = os.fdopen(_moved(requests), "rb")
        self._answers = _moved(answers)
        numbers = (self._requests.fileno(), self._answers)
        os.register_at_fork(after_in_child=lambda: _close(numbers))

    def read(self) -> dict[str, Any] | None:
        """The next request, or None when the parent has closed the pipe."""
        line = self._requests.readline()
        return decode(line) if line.endswith(b"\n") else None

    def write(self, answer: dict[str, Any]) -> None:
        """Answer; an answer that is too long or has no JSON form becomes an error."""
        line = _encoded(answer)
        while line:
            line = line[os.write(self._answers, line) :]


def _encoded(answer: dict[str, Any]) -> bytes:
    try:
        line = encode(answer)
    except (TypeError, ValueError, RecursionError) as error:
        return encode(_error(answer, "no-json", f"a result must be made of JSON values: {error}"))
    if len(line) > MAX_LINE_BYTES:
        found = f"a result must have at most {MAX_LINE_BYTES} bytes as JSON, got {len(line)}"
        return encode(_error(answer, "too-large", found))
    return line


def _error(answer: dict[str, Any], code: str, message: str) -> dict[str, Any]:
    return {
        "id": answer["id"],
        "ok": False,
        "error": {"type": "RefusalError", "code": code, "message": message, "hint": ""},
    }


def _moved(descriptor: int) -> int:
    import fcntl  # noqa: PLC0415 - not on every system, and only workers come here

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _LOWEST)
    os.close(descriptor)
    return moved


def _close(numbers: tuple[int, ...]) -> None:
    for number in numbers:
        os.close(number)
