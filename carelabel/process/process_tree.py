"""The processes that belong to a worker: finding them, and ending all of them, also those that have left its group."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from carelabel.base import linux

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROC: Final = Path("/proc")
_ENDED: Final = frozenset({"Z", "X"})
_PATIENCE_S: Final = 2.0


def end_family(leader: int) -> None:
    """Kill a session leader, its session and all descendants, and wait until they are gone (2 s at most).

    The worker adopts its descendants' orphans while it lives (see `worker`), so a daemon with a session of its own is
    still found from it. The caller has not reaped the leader yet: its number cannot belong to somebody else.
    """
    if sys.platform == "win32":
        return
    linux.freeze_group(leader)  # nobody forks while they are looked for
    known = set(family(leader) or ())
    linux.signal_group(leader, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE_S
    while known:
        for pid in known:
            with contextlib.suppress(ProcessLookupError):  # gone by itself
                os.kill(pid, signal.SIGKILL)
        known = (set(family(leader) or ()) | living(known)) - {leader}
        if not known or time.monotonic() > deadline:
            return
        time.sleep(0.002)


def family(leader: int) -> tuple[int, ...] | None:
    """Living processes that belong to a session leader: those of its session, and all descendants of any of them."""
    if not _is_own_proc():
        return None
    pids = [int(folder.name) for folder in linux.children_of(_PROC) if folder.name.isdigit()]
    table = {pid: (int(fields[1]), int(fields[3])) for pid in pids if (fields := _living_stat(pid))}
    if not table:
        return None
    members = {pid for pid, (_, session) in table.items() if session == leader} | ({leader} & table.keys())
    grown = True
    while grown:
        more = {pid for pid, (parent, _) in table.items() if parent in members} - members
        members |= more
        grown = bool(more)
    return tuple(sorted(members))


def _is_own_proc() -> bool:
    """Whether /proc speaks of this namespace of process numbers, and not of another."""
    with contextlib.suppress(OSError):
        return str((_PROC / "self").readlink()) == str(os.getpid())
    return False


def living(pids: Iterable[int]) -> set[int]:
    """Those of the processes that are there and have not ended."""
    return {pid for pid in pids if _living_stat(pid)}


def _living_stat(pid: int) -> list[str]:
    """State, parent, group, session and more of a process; empty when it is gone, or has ended and not been reaped."""
    fields = (linux.read_text(_PROC / str(pid) / "stat") or "").rpartition(")")[2].split()
    return fields if fields and fields[0] not in _ENDED else []
