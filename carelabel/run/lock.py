"""One measurement at a time on a machine.

The lock is a flock on a file in the system's temporary folder. Its descriptor is passed on to every worker, so that the
orphans of a dead parent still hold it. Containers have temporary folders of their own: there the lock's scope is the
container, and the label says so.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from carelabel import portable
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HOLDER_BYTES = 200


class MeasuringLock:
    """The machine's lock. Open it before workers are spawned, hold it while something is timed."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(tempfile.gettempdir()) / "carelabel-measuring.lock"
        try:
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            msg = f"the measuring lock {self.path} must be writable: {error.strerror}"
            raise UsageError(msg, "remove it, or set TMPDIR to another folder") from error

    @contextmanager
    def held(self, say: Callable[[str], None]) -> Iterator[float]:
        """Hold the lock; gives the seconds it was waited for."""
        begin = time.monotonic()
        if portable.lock(self.descriptor, wait=False) is False:
            say(f"waiting for another measurement on this machine ({self._holder()})")
            portable.lock(self.descriptor, wait=True)
        waited = time.monotonic() - begin
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"process {os.getpid()}".encode(), 0)
        try:
            yield waited
        finally:
            os.ftruncate(self.descriptor, 0)
            portable.unlock(self.descriptor)

    def _holder(self) -> str:
        return os.pread(self.descriptor, _HOLDER_BYTES, 0).decode(errors="replace") or "unknown process"

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


def lock_scope() -> str:
    """``container`` where the machine cannot be seen whole, else ``machine``."""
    inside = Path("/.dockerenv").exists() or Path("/run/.containerenv").exists() or "container" in os.environ
    return "container" if inside else "machine"
