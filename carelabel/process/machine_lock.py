"""One measurement at a time on a machine.

The lock is a flock on a file in the system's temporary folder. The parent holds it and no worker inherits it, so it
is free as soon as the parent has ended, however it did. Containers have temporary folders of their own, and TMPDIR may
name any: its scope then is the container or the folder, and the label says so.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from carelabel.base import linux
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_HOLDER_BYTES: Final = 200
_HOLDER: Final = re.compile(r"process [0-9]{1,10}")
"""What is shown of the file: any user may have written there."""
_COMMON_FOLDERS: Final = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - where runs of all users meet
_FIRST_PIDS: Final = "pid:[4026531836]"
"""Linux gives the first namespace of process numbers this fixed inode; containers have one of their own."""


class MeasuringLock:
    """The machine's lock, held while something is timed.

    The file is shared by everybody on the machine: any user may take the lock, a link at its place is not followed, and
    what another user wrote there is left alone where this one may only read it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(tempfile.gettempdir()) / "carelabel-measuring.lock"
        try:
            self.descriptor, self._writable = _open(self.path)
        except OSError as error:
            msg = f"the measuring lock {self.path} must be a file that can be read, found: {error.strerror}"
            raise UsageError(msg, "remove it, or set TMPDIR to another folder") from error

    @contextmanager
    def held(self, say: Callable[[str], None]) -> Iterator[float]:
        """Hold the lock; gives the seconds it was waited for."""
        begin = time.monotonic()
        if linux.lock(self.descriptor, wait=False) is False:
            say(f"waiting for another measurement on this machine ({self._holder()})")
            linux.lock(self.descriptor, wait=True)
        waited = time.monotonic() - begin
        self._write_holder(f"process {os.getpid()}")
        try:
            yield waited
        finally:
            self._write_holder("")
            linux.unlock(self.descriptor)

    def _write_holder(self, text: str) -> None:
        if self._writable:
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, text.encode(), 0)

    def _holder(self) -> str:
        found = _HOLDER.match(os.pread(self.descriptor, _HOLDER_BYTES, 0).decode(errors="replace"))
        return found[0] if found else "unknown process"

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


def _open(path: Path) -> tuple[int, bool]:
    """A descriptor of the file, made when absent, and whether it can be written; a lock needs no more than reading.

    A file that exists is opened without O_CREAT: kernels refuse that flag for another user's file in a sticky folder.
    """
    flags = os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        made = os.open(path, flags | os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        pass
    else:
        os.fchmod(made, 0o666)  # the umask has taken the others' right to write
        return made, True
    try:
        return _regular(os.open(path, flags | os.O_RDWR)), True
    except PermissionError:
        return _regular(os.open(path, flags | os.O_RDONLY)), False


def _regular(descriptor: int) -> int:
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file")


def lock_scope(
    folder: Path | None = None, root: Path = Path("/"), environment: Mapping[str, str] = os.environ
) -> Literal["machine", "container", "folder"]:
    """Whom the lock keeps apart: all runs of the machine, those of a container, or those that share a TMPDIR.

    Args:
        folder: Where the lock lies; the system's temporary folder by default.
        root: Root of the file system.
        environment: Variables of this process.
    """
    if (folder or Path(tempfile.gettempdir())) not in _COMMON_FOLDERS:
        return "folder"
    marks = ((root / ".dockerenv").exists(), (root / "run" / ".containerenv").exists())
    named = ("container" in environment, "KUBERNETES_SERVICE_HOST" in environment)
    try:
        apart = str((root / "proc" / "self" / "ns" / "pid").readlink()) != _FIRST_PIDS
    except OSError:
        apart = False
    return "container" if any((*marks, *named, apart)) else "machine"
