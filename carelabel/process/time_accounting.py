"""Where the wall time of a run went. What no worker can account for is our own overhead."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from carelabel.process.worker_handle import Session


class AtWork:
    """How many requests are open at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._open = 0
        self._any_s = 0.0
        self._sum_s = 0.0

    def begin(self) -> None:
        """A request is sent."""
        self._charge()
        self._open += 1

    def end(self) -> None:
        """A request has its answer, or its error."""
        self._charge()
        self._open -= 1

    def mean(self) -> float:
        """Mean number of open requests over the seconds in which there was one; 0 when there was none."""
        return self._sum_s / self._any_s if self._any_s else 0.0

    def _charge(self) -> None:
        now = self._clock()
        seconds, self._since = now - self._since, now
        self._any_s += seconds if self._open else 0.0
        self._sum_s += seconds * self._open


class Account:
    """Seconds by category, from what workers say of their own time.

    Workers of a sequential phase account for their seconds one by one. In a parallel phase their seconds add up to more
    than the clock shows, so they are divided by the mean number of requests that were open while any was: what a worker
    did not account for while it was asked, and the seconds in which none was, stay overhead.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begin = clock()
        self._seconds: dict[str, float] = {}
        self._seen: dict[int, dict[str, float]] = {}
        self._sessions: list[Session] = []

    def watch(self, session: Session) -> Session:
        """Take a worker's seconds into account from now on."""
        self._sessions.append(session)
        self._seen[id(session)] = {}
        return session

    def add(self, category: str, seconds: float) -> None:
        """Account for seconds of the parent's own, such as waiting for the lock."""
        self._seconds[category] = self._seconds.get(category, 0.0) + seconds

    @contextmanager
    def parallel(self) -> Iterator[AtWork]:
        """A phase in which several workers run at once; whoever asks them says by the given object when they work."""
        self._settle()
        at_work = AtWork(self._clock)
        try:
            yield at_work
        finally:
            self._settle(1.0 / max(1.0, at_work.mean()))

    def _settle(self, scale: float = 1.0) -> None:
        delta: dict[str, float] = {}
        for session in self._sessions:
            seen = self._seen[id(session)]
            for category, seconds in session.spent.items():
                delta[category] = delta.get(category, 0.0) + seconds - seen.get(category, 0.0)
            self._seen[id(session)] = dict(session.spent)
        for category, seconds in delta.items():
            self.add(category, seconds * scale)

    def close(self) -> Mapping[str, float]:
        """Seconds by category; ``total`` is the wall time and ``overhead`` what is left of it."""
        self._settle()
        total = self._clock() - self._begin
        overhead = max(0.0, total - sum(self._seconds.values()))
        return {
            **{name: round(value, 3) for name, value in sorted(self._seconds.items())},
            "overhead": round(overhead, 3),
            "total": round(total, 3),
        }
