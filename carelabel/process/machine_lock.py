"""One measurement at a time on a machine.

The lock is a flock on a file in the system's temporary folder. Its descriptor is passed on to every worker, so that the
orphans of a dead parent still hold it; whoever wants it next ends them first. Containers have temporary folders of
their own, and TMPDIR may name any: its scope then is the container or the folder, and the label says so.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from carelabel.base import linux
from carelabel.errors import UsageError
from carelabel.process.process_tree import end_leftovers, is_over, own_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_HOLDER_BYTES: Final = 200
_HOLDER: Final = re.compile(r"process [0-9]{1,10}")
"""What is shown of the file: any user may have written there."""
_LOOK_S: Final = 2.0
_COMMON_FOLDERS: Final = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - where runs of all users meet
_FIRST_PIDS: Final = "pid:[4026531836]"
"""Linux gives the first namespace of process numbers this fixed inode; containers have one of their own."""


class MeasuringLock:
    """The machine's lock. Open it before workers are spawned, hold it while something is timed.

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
        """Hold the lock; gives the seconds it was waited for. What killed runs have left behind is ended, and said."""
        begin = time.monotonic()
        _sweep(say)
        if linux.lock(self.descriptor, wait=False) is False:
            say(f"waiting for another measurement on this machine ({self._holder()})")
            self._wait(say)
        waited = time.monotonic() - begin
        self._say_holder(f"process {os.getpid()} {own_name()}")
        try:
            yield waited
        finally:
            self._say_holder("")
            linux.unlock(self.descriptor)

    def _wait(self, say: Callable[[str], None]) -> None:
        """Stand in the kernel's queue; when the holder is killed meanwhile, end what it has left there."""
        done, given_up = threading.Event(), threading.Event()

        def stand() -> None:
            linux.lock(self.descriptor, wait=True)
            if given_up.is_set():
                linux.unlock(self.descriptor)
            done.set()

        try:
            threading.Thread(target=stand, name="carelabel-lock", daemon=True).start()
            while not done.wait(_LOOK_S):
                if self._is_orphaned():
                    _sweep(say)
        except BaseException:  # ctrl-C, most of all
            given_up.set()
            linux.unlock(self.descriptor)  # it may have been given at this very moment
            raise

    def _say_holder(self, text: str) -> None:
        if self._writable:
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, text.encode(), 0)

    def _holder(self) -> str:
        found = _HOLDER.match(self._written())
        name = found[0] if found else "unknown process"
        return f"something that {name} has left behind" if self._is_orphaned() else name

    def _is_orphaned(self) -> bool:
        """Whether whoever took the lock is known to be gone."""
        return is_over(self._written().rpartition(" ")[2])

    def _written(self) -> str:
        return os.pread(self.descriptor, _HOLDER_BYTES, 0).decode(errors="replace")

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


def _sweep(say: Callable[[str], None]) -> None:
    ended = end_leftovers()
    if ended:
        say(f"ended what a killed run had left behind (processes: {ended})")


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
