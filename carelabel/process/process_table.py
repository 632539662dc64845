"""Other processes, where there is a /proc: who belongs to whom, under which name, and whether it still lives.

As in `carelabel.base.linux`, a function answers None where the system has nothing of the kind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from carelabel.base.linux import children_of, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_PROC: Final = Path("/proc")
_START_FIELD: Final = 19
_ENDED: Final = frozenset({"Z", "X"})


def family(leader: int) -> tuple[int, ...] | None:
    """Living processes that belong to a session leader: those of its session, and all descendants of any of them."""
    if namespaces() is None:  # numbers in /proc are those of other processes
        return None
    pids = [int(folder.name) for folder in children_of(_PROC) if folder.name.isdigit()]
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


def marks(name: str) -> Mapping[int, str] | None:
    """What this user's processes have under a name in the environment they were started with, wherever they went since.

    Left out are this process, those it descends from, and those of another namespace of process numbers. None where
    the system does not show environments, or numbers processes otherwise than this one does.
    """
    place = namespaces()
    if place is None:
        return None
    found, own = {}, _line_of_descent()
    for folder in children_of(_PROC):
        if folder.name.isdigit() and int(folder.name) not in own:
            value = marked_as(int(folder.name), name)
            if value is not None:
                found[int(folder.name)] = value
    return found


def marked_as(pid: int, name: str) -> str | None:
    """What one process of this user and this namespace has under the name in its environment."""
    folder = _PROC / str(pid)
    with contextlib.suppress(OSError):  # gone, or somebody else's
        _, there, rest = (b"\0" + (folder / "environ").read_bytes()).partition(b"\0" + name.encode() + b"=")
        own = there and folder.stat().st_uid == os.geteuid() and _namespace(pid, "pid") == _namespace("self", "pid")
        return rest.partition(b"\0")[0].decode(errors="replace") if own else None
    return None


def namespaces() -> str | None:
    """Names of the namespaces that give numbers and start times of processes their meaning here.

    None where there are none, or where /proc is that of another namespace and speaks of other processes.
    """
    with contextlib.suppress(OSError):
        if str((_PROC / "self").readlink()) == str(os.getpid()):
            return f"{_namespace('self', 'pid')}.{_namespace('self', 'time')}"
    return None


def _namespace(process: int | str, kind: str) -> str:
    """The number of a namespace that a process is in; kernels before 5.6 have none of time."""
    try:
        link = str((_PROC / str(process) / "ns" / kind).readlink())
    except FileNotFoundError:
        if kind == "time":
            return "0"
        raise
    return link.rpartition("[")[2].rstrip("]")


def _line_of_descent() -> set[int]:
    """This process, its parent, and so on."""
    found, pid = set(), os.getpid()
    while pid > 0 and pid not in found:
        found.add(pid)
        pid = int((_living_stat(pid) or ["", "0"])[1])
    return found


def started_ticks(pid: int) -> int | None:
    """When a living process was started, in clock ticks since boot: with its number, a name that never comes again."""
    fields = _living_stat(pid)
    return int(fields[_START_FIELD]) if fields else None


def is_gone(pid: int, ticks: int) -> bool:
    """Whether the process that had this number and this start has ended; False where that cannot be seen."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return namespaces() is not None
    except OSError:
        return False
    return bool(fields) and (fields[0] in _ENDED or int(fields[_START_FIELD]) != ticks)


def kill(pid: int, is_meant: Callable[[], bool]) -> bool:
    """Kill a process if it is still the one that is meant; its number may have been given to another since."""
    try:
        handle = os.pidfd_open(pid) if sys.platform == "linux" and hasattr(os, "pidfd_open") else None
    except OSError:  # gone, or a kernel before 5.3
        handle = None
    try:
        if not is_meant():
            return False
        if handle is None:
            os.kill(pid, signal.SIGKILL)
        else:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        if handle is not None:
            os.close(handle)
    return True


def living(pids: Iterable[int]) -> set[int]:
    """Those of the processes that are there and have not ended."""
    return {pid for pid in pids if _living_stat(pid)}


def _living_stat(pid: int) -> list[str]:
    """State, parent, group, session and more of a process; empty when it is gone, or has ended and not been reaped."""
    fields = (read_text(_PROC / str(pid) / "stat") or "").rpartition(")")[2].split()
    return fields if fields and fields[0] not in _ENDED else []
