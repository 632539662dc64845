"""Energy of a workload: what meters count while it runs, less what they count while nothing does.

Nothing here imports numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from carelabel.measure.contention import seconds_between
from carelabel.measure.timing import calibrate, collection_off
from carelabel.plugin.interfaces import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from carelabel.measure.timing import Clock
    from carelabel.plugin.interfaces import Meter

LEAST_SECONDS: Final = 1.0
LEAST_UPDATES: Final = 100
SETTLE_S: Final = 0.1
"""Rest before idle is measured: thread pools go on spinning for some 40 ms after their last task."""
LOOK_S: Final = 60.0
"""Meters whose counter wraps around are looked at as often as this; the shortest wrap known is 22 minutes."""
_NS: Final = 1e9


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """What one meter counted from start to stop.

    Attributes:
        joules: Sensor to joules.
    """

    seconds: float
    joules: Mapping[str, float]

    @property
    def watts(self) -> float:
        """All sensors together."""
        return sum(self.joules.values()) / self.seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Energy:
    """Energy of a workload by one meter, which reads its sensors beside each other, so that they may be added.

    Attributes:
        busy: While it ran. before, after: While nothing did, as long each.
    """

    busy: Window
    before: Window
    after: Window

    @property
    def gross_j(self) -> float:
        """Joules while the workload ran."""
        return sum(self.busy.joules.values())

    @property
    def idle_w(self) -> float:
        """Watts without it: the mean of before and after."""
        return (self.before.watts + self.after.watts) / 2

    @property
    def idle_j(self) -> float:
        """Joules that would have been used in the same time without it."""
        return self.idle_w * self.busy.seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """What ran while the meters counted.

    Attributes:
        calls: Of the function. seconds: Wall time of all of them.
        wait_share: Waiting for a processor over that time, or None where it is not known.
        energy: Meter id to its figures, or to why it has none.
    """

    calls: int
    seconds: float
    wait_share: float | None
    energy: Mapping[str, Energy | NotMeasured]


def seconds_needed(meters: Mapping[str, Meter], least: float = LEAST_SECONDS, updates: int = LEAST_UPDATES) -> float:
    """How long a workload must go on: `least`, and as long as the slowest counter takes for so many updates.

    A meter whose counter is refreshed less often than every 10 ms has an attribute ``period_s``.
    """
    return max([least, *(updates * float(getattr(meter, "period_s", 0.0)) for meter in meters.values())])


def measure_energy(
    call: Callable[[Any], object],
    inputs: Iterator[Any],
    meters: Mapping[str, Meter],
    clock: Clock,
    seconds: float,
) -> Workload:
    """Run a workload between two times of idleness, all as long, with all meters counting.

    Args:
        call: Takes one input; warmed up.
        inputs: Endless, rotating, prepared.
        meters: By id; each of them has answered its probe with sensors.
        seconds: How long each of the three goes on; the workload one call longer when calls are long.
    """
    loops = calibrate(call, inputs, clock)
    work = _Work(call=call, inputs=inputs, meters=meters, clock=clock, loops=loops)
    clock.sleep(SETTLE_S)
    before = _count(meters, clock, lambda: clock.sleep(seconds))
    busy = _count(meters, clock, lambda: work.run(seconds))
    clock.sleep(SETTLE_S)
    after = _count(meters, clock, lambda: clock.sleep(seconds))
    found = {name: _energy(before[name], busy[name], after[name]) for name in meters}
    return Workload(calls=work.calls, seconds=work.seconds, wait_share=work.wait_share, energy=found)


@dataclass(kw_only=True, slots=True)
class _Work:
    """The workload, and what it was."""

    call: Callable[[Any], object]
    inputs: Iterator[Any]
    meters: Mapping[str, Meter]
    clock: Clock
    loops: int
    calls: int = 0
    seconds: float = 0.0
    wait_share: float | None = None

    def run(self, seconds: float) -> None:
        waited, begin = self.clock.counters.read(), self.clock.wall()
        now, looked = begin, begin
        with collection_off():
            while now - begin < seconds * _NS:
                for item in islice(self.inputs, self.loops):
                    self.call(item)
                self.calls += self.loops
                now = self.clock.wall()
                if now - looked > LOOK_S * _NS:
                    _look(self.meters)
                    looked = now
        self.seconds = (now - begin) / _NS
        waits = [seconds_between(a, b) for a, b in zip(waited, self.clock.counters.read(), strict=True)]
        known = [wait for wait in waits if wait is not None]
        self.wait_share = sum(known) / self.seconds if known else None


def _look(meters: Mapping[str, Meter]) -> None:
    for meter in meters.values():
        update = getattr(meter, "update", None)
        if update is not None:
            update()


def _count(meters: Mapping[str, Meter], clock: Clock, work: Callable[[], object]) -> dict[str, Window | NotMeasured]:
    """Each meter's window; they are started one after the other, so each has its own length."""
    begun: dict[str, int] = {}
    for name, meter in meters.items():
        meter.start()
        begun[name] = clock.wall()
    work()
    found: dict[str, Window | NotMeasured] = {}
    for name, meter in meters.items():
        seconds = (clock.wall() - begun[name]) / _NS
        joules = meter.stop()
        found[name] = joules if isinstance(joules, NotMeasured) else Window(seconds=seconds, joules=joules)
    return found


def _energy(
    before: Window | NotMeasured, busy: Window | NotMeasured, after: Window | NotMeasured
) -> Energy | NotMeasured:
    windows = (before, busy, after)
    lost = next((window for window in windows if isinstance(window, NotMeasured)), None)
    if lost is not None:
        return lost
    first, middle, last = (window for window in windows if isinstance(window, Window))
    if not sum(middle.joules.values()) > 0.0:
        text = f"the counters stood still over {middle.seconds:.3g} s of work"
        return NotMeasured(code="stuck-counter", text=text)
    return Energy(before=first, busy=middle, after=last)
