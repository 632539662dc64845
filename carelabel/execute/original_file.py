"""The model file stays the one that was hashed: it is looked at again before every worker that opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carelabel.errors import UsageError
from carelabel.model.metadata import hash_file
from carelabel.plan.outcomes import Reason

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.model.facts import Submission

_State = tuple[int, int, int, int]


class OriginalFile:
    """The submitted file. Its bytes are read again only when the system says that it has been touched."""

    def __init__(self, submission: Submission) -> None:
        self._path = submission.path
        self._sha256 = submission.sha256
        self._state: _State | None = None

    def changed(self) -> Reason | None:
        """Why it must not be loaded any more, or None while it holds the bytes that the label names."""
        try:
            state = _state(self._path)
            if state == self._state:
                return None
            found = hash_file(self._path)[0]
        except (OSError, UsageError):
            found = ""
        else:
            if found == self._sha256:
                self._state = state
                return None
        now = f"the file now has {found[:12]}" if found else "the file cannot be read any more"
        kept = f"{self._path.name} must stay the file with the sha256 {self._sha256[:12]} while it is measured"
        text = f"{kept}, but {now}"
        return Reason(code="model-changed", text=text, hint="run again, on a file that nobody writes to")


def _state(path: Path) -> _State:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
