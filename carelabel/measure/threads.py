"""How many threads work while a model is called, and whether a platform grants so many.

Threads that only exist do not count: libraries keep some that sleep for as long as the process lives. Those that a call
begins and ends are seen when Python starts them, or by the processor time that they leave behind.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from carelabel.base import linux

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carelabel.plugin.interfaces import PlatformSpec

WORKING_SHARE: Final = 0.02
"""Share of the processor time from which on a thread counts: one that only looks after memory takes less."""
WORKING_NS: Final = 100_000


@dataclass(kw_only=True, slots=True)
class Crew:
    """Threads that worked.

    Attributes:
        count: The most that were there at once, the calling one included; None where the system does not say.
    """

    count: int | None = None


@contextmanager
def crew() -> Iterator[Crew]:
    """Count the threads that work within the block, which calls a model for some milliseconds; not while timing."""
    found, begun, there = Crew(), _Begun(), linux.run_ns_by_thread()
    process, own = time.process_time_ns(), time.thread_time_ns()
    earlier = threading.getprofile()
    threading.setprofile(begun.note)
    try:
        yield found
    finally:
        threading.setprofile(earlier)
    total, own = time.process_time_ns() - process, time.thread_time_ns() - own
    now = linux.run_ns_by_thread()
    if there is None or now is None:
        return
    others = {name: ns - there.get(name, 0) for name, ns in now.items() if name != threading.get_native_id()}
    least = max(WORKING_NS, WORKING_SHARE * total)
    busy = {name for name, ns in others.items() if ns >= least} - begun.names
    ended = total - own - sum(others.values()) >= least and not begun.names
    found.count = 1 + len(busy) + begun.most + int(ended)


def more_than_granted(count: int | None, platform: PlatformSpec) -> bool:
    """Whether more threads worked than a pinned platform has; one that is not pinned only says how many there are."""
    return platform.pin is not None and count is not None and count > platform.threads


class _Begun:
    """Threads that Python starts: what `threading.setprofile` calls at the first thing each of them does.

    Attributes:
        names: Their numbers.
        most: How many of them there were at once.
    """

    def __init__(self) -> None:
        self.names: set[int] = set()
        self.most = 0

    def note(self, *_: Any) -> None:  # noqa: ANN401 - a frame and an event, of which nothing is wanted
        sys.setprofile(None)
        self.names.add(threading.get_native_id())
        self.most = max(self.most, sum(thread.native_id in self.names for thread in threading.enumerate()))
