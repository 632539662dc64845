"""Ending a worker with everything it has started, also what has left its process group."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from carelabel.base import linux
from carelabel.process import process_table

if TYPE_CHECKING:
    from collections.abc import Callable

MARK: Final = "CARELABEL_WORKER"
"""Variable that a worker, and whatever it starts, finds in its environment: a name that no other worker has."""

_PATIENCE_S: Final = 2.0
_OWN_NAME: Final = re.compile(r"(?P<pid>[0-9]{1,10})-(?P<ticks>[0-9]{1,20})-(?P<place>[0-9.]{1,40})")


def end_family(leader: int) -> None:
    """Kill a session leader, its session and all descendants, and wait until they are gone (2 s at most).

    The worker adopts its descendants' orphans while it lives (see `worker`), so a daemon with a session of its own is
    still found from it. The caller has not reaped the leader yet: its number cannot belong to somebody else.
    """
    if sys.platform == "win32":
        return
    linux.freeze_group(leader)  # nobody forks while they are looked for
    known = set(process_table.family(leader) or ())
    linux.signal_group(leader, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE_S
    while known:
        for pid in known:
            with contextlib.suppress(ProcessLookupError):  # gone by itself
                os.kill(pid, signal.SIGKILL)
        known = (set(process_table.family(leader) or ()) | process_table.living(known)) - {leader}
        if not known or time.monotonic() > deadline:
            return
        time.sleep(0.002)


def mark(spawned_ns: int) -> str:
    """The name of a worker of this process, unlike that of any other on the machine; it tells whose worker it is."""
    return f"{own_name()}-{spawned_ns}"


def own_name() -> str:
    """This process by its number, its start and the namespaces in which these mean something."""
    place = process_table.namespaces()
    ticks = process_table.started_ticks(os.getpid()) if place else None
    return f"{os.getpid()}-{ticks}-{place}"


def is_over(name: str) -> bool:
    """Whether the process of an `own_name` has ended. False for anything else, and for one of another namespace."""
    found = _OWN_NAME.fullmatch(name)
    if found is None or found["place"] != process_table.namespaces():
        return False
    return process_table.is_gone(int(found["pid"]), int(found["ticks"]))


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
    return _end_where(lambda found: is_over(found.rpartition("-")[0]))


def _end_where(is_meant: Callable[[str], bool]) -> int:
    """Kill processes of this user by the name in their environment; gives the number of those that are gone for it."""
    killed: set[int] = set()
    deadline = time.monotonic() + _PATIENCE_S
    while left := {pid for pid, found in (process_table.marks(MARK) or {}).items() if is_meant(found)}:
        killed |= {pid for pid in left if _kill_marked(pid, is_meant)}
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    return len(killed - left)


def _kill_marked(pid: int, is_meant: Callable[[str], bool]) -> bool:
    return process_table.kill(pid, lambda: is_meant(process_table.marked_as(pid, MARK) or ""))
