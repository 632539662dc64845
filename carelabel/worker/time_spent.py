"""Where a worker's time went, by category. Nested categories are taken out of the outer one."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Spent:
    """Seconds by category since the last `take`: import, data, load, predict, convert, warm_up, turn, plugin, score."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._seconds: dict[str, float] = {}
        self._stack: list[str] = []
        self._since = clock()

    @contextmanager
    def on(self, category: str) -> Iterator[None]:
        """Account for what happens inside."""
        self._charge()
        self._stack.append(category)
        try:
            yield
        finally:
            self._charge()
            self._stack.pop()

    def take(self) -> dict[str, float]:
        """Seconds by category, and begin anew."""
        taken, self._seconds = self._seconds, {}
        return taken

    def _charge(self) -> None:
        now = self._clock()
        if self._stack:
            category = self._stack[-1]
            self._seconds[category] = self._seconds.get(category, 0.0) + now - self._since
        self._since = now
