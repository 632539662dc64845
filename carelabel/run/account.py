"""Where the wall time of a run went. What no worker can account for is our own overhead."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from carelabel.run.session import Session


class Account:
    """Seconds by category, from what workers say of their own time.

    Workers of a sequential phase account for their seconds one by one. In a parallel phase their seconds add up to more
    than the clock shows, so they are scaled down to the phase's wall time.
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
    def parallel(self) -> Iterator[None]:
        """A phase in which several workers run at once."""
        self._settle()
        begin = self._clock()
        try:
            yield
        finally:
            self._settle(at_most=self._clock() - begin)

    def _settle(self, at_most: float | None = None) -> None:
        delta: dict[str, float] = {}
        for session in self._sessions:
            seen = self._seen[id(session)]
            for category, seconds in session.spent.items():
                delta[category] = delta.get(category, 0.0) + seconds - seen.get(category, 0.0)
            self._seen[id(session)] = dict(session.spent)
        total = sum(delta.values())
        scale = 1.0 if at_most is None or total <= at_most else at_most / total
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
