"""Ending a worker with everything it has started, also what has left its process group."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import Final

from carelabel import portable

MARK: Final = "CARELABEL_WORKER"
"""Variable that a worker, and whatever it starts, finds in its environment: a name that no other worker has."""

_PATIENCE_S: Final = 2.0


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


def end_marked(name: str) -> None:
    """Kill what a worker has left behind, and wait until it is gone (2 s at most).

    When a worker ends by itself, its daemons go to the system's first process, and only their environment still tells
    where they came from. One that was started with an environment of its own is not found.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while left := portable.marked(f"{MARK}={name}"):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):  # gone by itself
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            return
        time.sleep(0.002)
