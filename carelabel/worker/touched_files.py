"""What an inspection depends on: files that its Python code has read or looked for, modules, and where these are found.

What compiled code opens by itself, and what other processes read, is not seen; a backend that knows of such files opens
them once in Python.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import stat as file_kind
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Stamp = tuple[int, ...]
"""Of a file its size, the times of the last change of content and of anything, in nanoseconds, and its number; of a
folder a hash of the names in it."""

_ALWAYS_NEW: Final = ("/proc/", "/sys/", "/dev/")
"""Files of the kernel: they are written when they are read."""
_WRITTEN: Final = os.O_WRONLY | os.O_TRUNC
_COARSE_NS: Final = 10_000_000
"""Times of files come from a clock that ticks in steps of up to 10 ms."""
_UNREADABLE: Final[Stamp] = (-1,)


class TouchedFiles:
    """Notes every file that is opened for reading from now on, as it is at that moment, as long as the process lives.

    Python offers no way to end an audit hook: for workers only.

    Args:
        own: A folder that the inspection itself writes; whoever asked for that knows its files.
    """

    def __init__(self, own: str = "") -> None:
        self._apart = (*_ALWAYS_NEW, *([own.rstrip("/") + "/"] if own else []))
        self._begin_ns = time.time_ns() - _COARSE_NS
        self._opened: dict[str, Stamp | None] = {}
        sys.addaudithook(self._note)

    def _note(self, event: str, details: tuple[object, ...]) -> None:
        if event != "open" or len(details) <= 2:  # noqa: PLR2004 - path, mode, flags
            return
        path, flags = details[0], details[2]
        if isinstance(path, (str, bytes, os.PathLike)) and isinstance(flags, int) and not flags & _WRITTEN:
            name = _source_of(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - inside open(): the cheapest there is
            if name not in self._opened and not name.startswith(self._apart):
                self._opened[name] = stamp(name)

    def stamps(self) -> dict[str, Stamp | None] | None:
        """Stamps of everything that the answer depends on; None for what was not there.

        None for all when something was changed after this began: nobody knows which of its states was read.
        """
        found = {path: item for path, item in dict(self._opened).items() if not self._was_passing(path, item)}
        for path in {*_module_files(), *_import_folders()}:
            if path not in found and not path.startswith(self._apart):
                found[path] = stamp(path)
        return found if all(item is None or self._is_settled(item) for item in found.values()) else None

    def _was_passing(self, path: str, item: Stamp | None) -> bool:
        """Whether a file was made meanwhile, and removed: by the inspection itself."""
        return item is not None and not self._is_settled(item) and stamp(path) is None

    def _is_settled(self, item: Stamp) -> bool:
        return len(item) == 1 or max(item[1:3]) < self._begin_ns


def stamp(path: str) -> Stamp | None:
    """What changes when a file or the list of a folder's files does; None when there is nothing."""
    try:
        found = os.stat(path)  # noqa: PTH116 - inside open(): the cheapest there is
        if file_kind.S_ISDIR(found.st_mode):
            return (_hash_of_names(path),)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return _UNREADABLE
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _hash_of_names(folder: str) -> int:
    names = sorted(name for name in os.listdir(folder) if name != "__pycache__")  # noqa: PTH208 - as above
    return int.from_bytes(hashlib.sha256("\0".join(names).encode(errors="surrogateescape")).digest()[:6])


def unchanged(stamps: Mapping[str, Stamp | None]) -> bool:
    """Whether everything is as it was."""
    return all(stamp(path) == before for path, before in stamps.items())


def _source_of(path: str) -> str:
    """A compiled module depends on its source, and is written anew for other reasons."""
    if not path.endswith(".pyc"):
        return path
    try:
        return importlib.util.source_from_cache(path)
    except ValueError:  # one without a source
        return path


def _module_files() -> Iterator[str]:
    for module in list(sys.modules.values()):
        try:
            names = object.__getattribute__(module, "__dict__")  # a lazy module would be imported by being asked
        except AttributeError:
            continue
        path = names.get("__file__") if isinstance(names, dict) else None
        if isinstance(path, str):
            yield path


def _import_folders() -> Iterator[str]:
    """Folders in which modules are looked for: what is put there may be imported instead, or be missing no longer."""
    for path in (*sys.path, *sys.path_importer_cache):
        if isinstance(path, str) and os.path.isabs(path):  # noqa: PTH117 - as above
            yield path
