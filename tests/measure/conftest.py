"""A clock that moves only when a test says so."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from carelabel.measure.contention import WaitCounters
from carelabel.measure.timing import Clock


@dataclass
class FakeTime:
    """Nanoseconds of four counters; `spend` moves them."""

    wall: int = 0
    cpu: int = 0
    wait: int | None = 0
    steal: int | None = 0
    asked: list[str] = field(default_factory=list)

    def spend(self, wall_s: float, cpu_s: float | None = None) -> None:
        self.wall += round(wall_s * 1e9)
        self.cpu += round((wall_s if cpu_s is None else cpu_s) * 1e9)

    @property
    def clock(self) -> Clock:
        counters = WaitCounters(wait=lambda: self.wait, steal=lambda: self.steal)
        return Clock(wall=lambda: self.wall, cpu=lambda: self.cpu, counters=counters)


@pytest.fixture
def fake() -> FakeTime:
    return FakeTime()
