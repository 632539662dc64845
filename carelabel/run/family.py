"""Ending a worker with everything it has started, also what has left its process group."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from carelabel import portable

if TYPE_CHECKING:
    from collections.abc import Callable

MARK: Final = "CARELABEL_WORKER"
"""Variable that a worker, and whatever it starts, finds in its environment: a name that no other worker has."""

_PATIENCE_S: Final = 2.0
_PARTS_OF_A_MARK: Final = 3


def end_family(leader: int) -> None:
    """Kill a session leader, its session and all descendants, and wait until they are gone (2 s at most).

    The worker adopts its descendants' orphans while it lives (see `worker`), so a daemon with a session of its own is
    still found from it. The caller has not reaped the leader yet: its number cannot belong to somebody else.
    """
    if sys.platform == "win32":
        return
    portable.freeze_group(leader)  # nobody forks while they are looked for
    known = set(portable.family(leader) or ())
    portable.signal_group(leader, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE_S
    while known:
        for pid in known:
            with contextlib.suppress(ProcessLookupError):  # gone by itself
                os.kill(pid, signal.SIGKILL)
        known = (set(portable.family(leader) or ()) | portable.living(known)) - {leader}
        if not known or time.monotonic() > deadline:
            return
        time.sleep(0.002)


def mark(spawned_ns: int) -> str:
    """The name of a worker of this process, unlike that of any other on the machine; it tells whose worker it is."""
    return f"{os.getpid()}-{portable.started_ticks(os.getpid())}-{spawned_ns}"


def end_marked(name: str) -> None:
    """Kill what a worker has left behind, and wait until it is gone (2 s at most).

    When a worker ends by itself, its daemons go to the system's first process, and only their environment still tells
    where they came from. One that was started with an environment of its own is not found.
    """
    _end_where(lambda found: found == name)


def end_leftovers() -> int:
    """Kill what the workers of programs that are gone have left behind, and wait until it is gone (2 s at most).

    After kill -9 of the parent the system ends its workers, but not what a model has forked from them: frozen or not,
    it stays, with every descriptor it has inherited. The number of processes that were ended.
    """
    return _end_where(_is_left_over)


def _end_where(meant: Callable[[str], bool]) -> int:
    ended: set[int] = set()
    deadline = time.monotonic() + _PATIENCE_S
    while left := {pid for pid, found in (portable.marks(MARK) or {}).items() if meant(found)} - {os.getpid()}:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):  # gone by itself
                os.kill(pid, signal.SIGKILL)
        ended |= left
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    return len(ended)


def _is_left_over(found: str) -> bool:
    """Whether the program that started a worker of this name is gone; a name that says nothing of it is not ours."""
    numbers = found.split("-")
    if len(numbers) != _PARTS_OF_A_MARK or not all(part.isdecimal() for part in numbers):
        return False
    return portable.started_ticks(int(numbers[0])) != int(numbers[1])
