"""What a plugin of somebody else does to the whole program while it is imported: end it without a word, or hang.

A segmentation fault cannot be caught. So a note says which plugin is being imported; it goes when the import is over.
A note that is left names a plugin during whose import the program ended. Once may be chance, since somebody may have
killed the program just then; after the second time in a row the next start leaves the plugin out. The writer of a note
holds a lock on it for as long as it lives, so that two programs that start at once are told apart.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from carelabel.base import linux
from carelabel.base.home import find_home
from carelabel.errors import InterruptedImportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


ENDS: Final = 2
"""So many times in a row the program must have ended while a plugin was imported."""


class SelfInterruptError(Exception):
    """A plugin raised KeyboardInterrupt although nobody had interrupted anything."""


def left_note(title: str) -> Path | None:
    """One of the notes of the imports that took the program down, or None where there are not enough to say so.

    Args:
        title: Of the plugin, with its version: another version is another try.
    """
    left = _left_notes(title)
    return left[0] if len(left) >= ENDS else None


def _left_notes(title: str) -> list[Path]:
    try:
        paths = sorted(find_home().importing.iterdir())
    except OSError:  # as a rule there is no such folder
        return []
    return [path for path in paths if not path.name.startswith(".") and _is_left(path, title)]


def _is_left(path: Path, title: str) -> bool:
    try:
        with path.open("r+", encoding="utf-8") as file:
            return file.read() == title and linux.lock(file.fileno(), wait=False) is True
    except (OSError, ValueError):  # removed in the meantime: that import is over
        return False


@contextmanager
def noted(title: str) -> Iterator[None]:
    """Leave a note while a plugin is imported. Where none can be written, or locked, it is imported all the same."""
    path = find_home().importing / f"{os.getpid()}-{time.monotonic_ns()}"
    hidden = path.with_name(f".{path.name}")  # until it is locked
    made = [folder for folder in (path.parent, path.parent.parent) if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = hidden.open("w", encoding="utf-8")
    except OSError:
        yield
        return
    with file:
        file.write(title)
        file.flush()
        if linux.lock(file.fileno(), wait=False):
            hidden.rename(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            hidden.unlink(missing_ok=True)
            for other in _left_notes(title):  # it was not the plugin, then
                other.unlink(missing_ok=True)
            for folder in made or [path.parent]:
                with suppress(OSError):  # another program has begun to use it, or it has notes of others
                    folder.rmdir()


@contextmanager
def interruptible(title: str, name: str) -> Iterator[None]:
    """Import a plugin so that ctrl-C says which one was in the way.

    Raises:
        InterruptedImportError: After ctrl-C.
        SelfInterruptError: If the plugin raised KeyboardInterrupt itself.
    """
    import signal  # noqa: PLC0415 - here and below: only plugins of others need it
    import threading  # noqa: PLC0415

    interrupts: list[int] = []

    def note(number: int, frame: object) -> None:
        interrupts.append(number)
        signal.default_int_handler(number, frame)  # type: ignore[arg-type]  # it is whatever Python gave

    watched = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if watched:
        signal.signal(signal.SIGINT, note)
    try:
        yield
    except KeyboardInterrupt as error:
        if watched and not interrupts:
            raise SelfInterruptError from error
        msg = f"interrupted while the plugin {title} was imported"
        raise InterruptedImportError(msg, f"if it hangs, leave it out: --no-plugins {name}") from error
    finally:
        if watched:
            signal.signal(signal.SIGINT, signal.default_int_handler)
