"""Which files a worker's answer depends on: those that its modules came from, and those that Python code has read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALWAYS_NEW: Final = ("/proc/", "/sys/", "/dev/")
"""Files of the kernel: they are written when they are read."""


class TouchedFiles:
    """Notes every file that is opened for reading from now on, as long as the process lives.

    Files that compiled code opens itself are not seen. Python offers no way to end an audit hook: for workers only.
    """

    def __init__(self) -> None:
        self._opened: set[str] = set()
        sys.addaudithook(self._note)

    def _note(self, event: str, details: tuple[object, ...]) -> None:
        if event != "open":
            return
        path, _, flags = details
        if isinstance(path, (str, bytes, os.PathLike)) and isinstance(flags, int) and not _is_written(flags):
            self._opened.add(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - inside open(): the cheapest there is

    def paths(self) -> list[str]:
        """Files that were opened or that modules came from and that are still there; of a module its source."""
        modules = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        known = {path for path in modules if isinstance(path, str)}
        known |= {path for path in self._opened if not path.endswith(".pyc")}
        return sorted(path for path in known if not path.startswith(_ALWAYS_NEW) and os.path.isfile(path))  # noqa: PTH113


def _is_written(flags: int) -> bool:
    return flags & (os.O_WRONLY | os.O_RDWR) != 0


def stamps(paths: list[str]) -> Mapping[str, tuple[int, int]] | None:
    """Size and time of the last change, in nanoseconds, of every file; None when one is not there."""
    found = {}
    for path in paths:
        try:
            status = Path(path).stat()
        except OSError:
            return None
        found[path] = (status.st_size, status.st_mtime_ns)
    return found
