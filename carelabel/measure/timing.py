"""Timing of single calls: clocks that tests can replace, calibrated loops, warm-up and turns.

Nothing here imports numpy, so that a worker's imports are those of its candidate.
"""

from __future__ import annotations

import gc
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from carelabel.measure.contention import WaitCounters, seconds_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carelabel.plugin.interfaces import Samples

LOOP_SECONDS: Final = 1e-3
TURN_SECONDS: Final = 0.05
MAX_LOOPS: Final = 1 << 20
STEADY_WITHIN: Final = 0.05
CALM_WINDOWS: Final = 2
_NS: Final = 1e9


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """Where time comes from, in nanoseconds.

    Attributes:
        wall: Monotonic wall clock.
        cpu: Processor time of this process, all threads.
        counters: Wait and steal counters.
        sleep: Waits for seconds without using a processor.
    """

    wall: Callable[[], int] = time.perf_counter_ns
    cpu: Callable[[], int] = time.process_time_ns
    counters: WaitCounters = field(default_factory=WaitCounters)
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, kw_only=True, slots=True)
class WarmUp:
    """How the warm-up went.

    Attributes:
        first_s: Seconds of the very first call.
        seconds: Seconds of all calls.
        steady: Whether the running median came to rest before the limit.
    """

    calls: int
    seconds: float
    first_s: float
    steady: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnRules:
    """How one turn is taken.

    Attributes:
        min_seconds: Timed seconds at least; one call more than that when calls are long.
        idle_calls: First calls at most that are discarded and reported as ``after_idle``.
        idle_seconds: No further call is discarded after this time.
        singles: Calls that are timed one by one when the others are timed in loops, for the tail.
    """

    min_seconds: float = TURN_SECONDS
    idle_calls: int = 3
    idle_seconds: float = 0.005
    singles: int = 100


@contextmanager
def collection_off() -> Iterator[None]:
    """Keep the garbage collector from running inside."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _one(call: Callable[[Any], object], item: object, clock: Clock) -> float:
    start = clock.wall()
    call(item)
    return (clock.wall() - start) / _NS


def _loop(call: Callable[[Any], object], items: list[Any], clock: Clock) -> tuple[float, float]:
    """Wall and processor seconds per call of one pass over `items`."""
    cpu, wall = clock.cpu(), clock.wall()
    for item in items:
        call(item)
    wall_ns, cpu_ns = clock.wall() - wall, clock.cpu() - cpu
    return wall_ns / _NS / len(items), cpu_ns / _NS / len(items)


def calibrate(call: Callable[[Any], object], inputs: Iterator[Any], clock: Clock, least: float = LOOP_SECONDS) -> int:
    """How many calls must be timed together so that one reading of the clock spans at least `least` seconds.

    Args:
        call: Takes one input.
        inputs: Endless, rotating.
        clock: Clock.
        least: Seconds; pyperf calls samples below 1 ms unstable.

    Returns:
        A power of two, 1 when a single call is long enough.
    """
    loops = 1
    with collection_off():
        while loops < MAX_LOOPS:
            best = min(_loop(call, list(islice(inputs, loops)), clock)[0] for _ in range(2))
            if best * loops >= least:
                break
            loops *= 2
    return loops


def warm_up(
    call: Callable[[Any], object],
    inputs: Iterator[Any],
    clock: Clock,
    limit_s: float = 1.0,
    window: int = 5,
) -> WarmUp:
    """Call until the running median is steady: two windows of calls in a row within 5 % of the one before.

    Args:
        call: Takes one input.
        inputs: Endless, rotating.
        clock: Clock.
        limit_s: Seconds after which it ends without being steady; a call that was begun is finished.
        window: Samples a window; a sample is one call, or as many as last 0.1 ms.
    """
    start = clock.wall()
    with collection_off():
        first = _one(call, next(inputs), clock)
        chunk = max(1, min(1000, int(1e-4 / first))) if first > 0.0 else 1000
        calls, calm, before = 1, 0, 0.0
        while calm < CALM_WINDOWS and (clock.wall() - start) / _NS < limit_s:
            readings: list[float] = []
            while len(readings) < window and (not readings or (clock.wall() - start) / _NS < limit_s):
                readings.append(_loop(call, list(islice(inputs, chunk)), clock)[0])
            median = statistics.median(readings)
            calls += len(readings) * chunk
            calm = calm + 1 if abs(median - before) <= STEADY_WITHIN * before else 0
            before = median
    return WarmUp(calls=calls, seconds=(clock.wall() - start) / _NS, first_s=first, steady=calm >= CALM_WINDOWS)


def timed_turn(
    call: Callable[[Any], object],
    inputs: Iterator[Any],
    clock: Clock,
    *,
    loops: int = 1,
    rules: TurnRules | None = None,
) -> Samples:
    """Take one turn.

    Args:
        call: Takes one input.
        inputs: Endless and rotating, so that no row comes again and again; prepared, in the call's own input type.
        clock: Clock.
        loops: Calls that are timed together, as `calibrate` says.
        rules: How long, and what is discarded.

    Returns:
        ``wall`` and ``cpu``, seconds per call, one entry a reading; ``single``, seconds of calls timed one by one (the
        tail needs them; the same as ``wall`` without loops and then left out); ``loops``; ``calls``, the timed ones;
        ``after_idle``, seconds of the discarded first calls; ``wait_s`` and ``steal_s`` or None; ``turn_s``.
    """
    rules = rules or TurnRules()
    before, start = clock.counters.read(), clock.wall()
    with collection_off():
        idle = _discard(call, inputs, clock, rules)
        wall, cpu = _readings(call, inputs, clock, loops, rules.min_seconds)
        single = [] if loops == 1 else [_one(call, item, clock) for item in islice(inputs, rules.singles)]
    turn_s, after = (clock.wall() - start) / _NS, clock.counters.read()
    return {
        "wall": wall,
        "cpu": cpu,
        "single": single,
        "loops": loops,
        "calls": loops * len(wall) + len(single),
        "after_idle": idle,
        "wait_s": seconds_between(before[0], after[0]),
        "steal_s": seconds_between(before[1], after[1]),
        "turn_s": turn_s,
    }


def _discard(call: Callable[[Any], object], inputs: Iterator[Any], clock: Clock, rules: TurnRules) -> list[float]:
    idle: list[float] = []
    while len(idle) < rules.idle_calls and sum(idle) < rules.idle_seconds:
        idle.append(_one(call, next(inputs), clock))
    return idle


def _readings(
    call: Callable[[Any], object], inputs: Iterator[Any], clock: Clock, loops: int, min_seconds: float
) -> tuple[list[float], list[float]]:
    wall: list[float] = []
    cpu: list[float] = []
    start = clock.wall()
    while not wall or clock.wall() - start < min_seconds * _NS:
        w, c = _loop(call, list(islice(inputs, loops)), clock)
        wall.append(w)
        cpu.append(c)
    return wall, cpu
