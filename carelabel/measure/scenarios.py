"""Queries as users send them: one after the other, all at once, or whenever they like.

The scenarios single stream, offline and server of MLPerf LoadGen. A query is one input; a single server answers them in
the order in which they arrive, one call each.

Source: Reddi et al. 2020, MLPerf Inference Benchmark, section III; MLPerf Inference rules, "Scenarios".
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from carelabel.measure.timing import Clock, collection_off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SPIN_S: Final = 2e-4
"""The last part of a wait is spent looking at the clock: waking up takes some 50 us."""
MOST_QUERIES: Final = 100_000
_NS: Final = 1e9


def single_stream(
    call: Callable[[Any], object], inputs: Iterator[Any], clock: Clock, *, seconds: float, queries: int
) -> list[float]:
    """Send the next query as soon as the last one is answered.

    Args:
        call: Takes one input.
        inputs: Endless, rotating, prepared.
        seconds: Time that it goes on at least, one query longer when queries are long.
        queries: Queries at least.

    Returns:
        Seconds of each query, `MOST_QUERIES` at most.
    """
    latencies: list[float] = []
    with collection_off():
        begin = now = clock.wall()
        while len(latencies) < MOST_QUERIES and (len(latencies) < queries or now - begin < seconds * _NS):
            call(next(inputs))
            last, now = now, clock.wall()
            latencies.append((now - last) / _NS)
    return latencies


def offline(
    call: Callable[[Any], object], batches: Sequence[Any], clock: Clock, *, seconds: float, passes: int
) -> list[float]:
    """Hand over all samples at once; the system takes them batch by batch.

    Args:
        call: Takes one batch.
        batches: All samples, prepared.
        seconds: Time that it goes on at least.
        passes: Passes over all samples at least.

    Returns:
        Seconds of each pass.
    """
    found: list[float] = []
    with collection_off():
        begin = clock.wall()
        while len(found) < passes or clock.wall() - begin < seconds * _NS:
            start = clock.wall()
            for batch in batches:
                call(batch)
            found.append((clock.wall() - start) / _NS)
    return found


def poisson_arrivals(rate: float, queries: int, seed: int) -> list[float]:
    """Seconds from the start at which queries arrive: exponential gaps of 1 / rate on average.

    Args:
        rate: Queries a second, above 0.
    """
    gaps = random.Random(seed)  # noqa: S311 - simulated users, not a secret
    return list(accumulate(gaps.expovariate(rate) for _ in range(queries)))


def serve(  # noqa: PLR0913 - what is asked of whom, when, and what is too late
    call: Callable[[Any], object],
    inputs: Iterator[Any],
    clock: Clock,
    *,
    arrivals: Sequence[float],
    bound_s: float,
    allowed: int,
) -> list[float]:
    """Answer queries as they arrive, first come, first served.

    A latency counts from the arrival that was planned, not from the moment the server found time for it.

    Args:
        call: Takes one input.
        inputs: Endless, rotating, prepared.
        arrivals: Seconds from the start, ascending.
        bound_s: Latency that counts as too late.
        allowed: Queries that may be too late; with one more it ends, since nothing can save the trial.

    Returns:
        Seconds of each query that was answered.
    """
    latencies: list[float] = []
    late, bound_ns = 0, bound_s * _NS
    with collection_off():
        begin = clock.wall()
        for arrival in arrivals:
            due = begin + int(arrival * _NS)
            _wait_until(due, clock)
            call(next(inputs))
            latency = clock.wall() - due
            latencies.append(latency / _NS)
            late += latency > bound_ns
            if late > allowed:
                break
    return latencies


def _wait_until(due: int, clock: Clock) -> None:
    left = (due - clock.wall()) / _NS
    if left > SPIN_S:
        clock.sleep(left - SPIN_S)
    while clock.wall() < due:
        continue


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What came of one rate.

    Attributes:
        rate: Queries a second on average.
        queries: Answered ones; fewer than planned when it was hopeless.
        late: Those above the bound. allowed: Those that might have been.
        latencies: Seconds of each.
    """

    rate: float
    queries: int
    late: int
    allowed: int
    latencies: tuple[float, ...]

    @property
    def held(self) -> bool:
        """Whether the bound held for the percentile, at the confidence behind `allowed`."""
        return self.late <= self.allowed


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """The way to the highest rate.

    Attributes:
        trials: In the order in which they were made.
        ended_by: ``precision`` when the bracket became narrow enough, else ``budget``.
    """

    trials: tuple[Trial, ...]
    ended_by: str

    @property
    def best(self) -> Trial | None:
        """The highest rate that held, or None."""
        return max((trial for trial in self.trials if trial.held), key=lambda trial: trial.rate, default=None)


def highest_rate(
    attempt: Callable[[float], Trial],
    capacity: float,
    *,
    cost: Callable[[float], float],
    budget_s: float,
    resolution: float,
) -> Search:
    """Bisect for the highest rate that holds, between nothing and what the server can do at most.

    Args:
        attempt: Tries one rate.
        capacity: Queries a second that follow one another; no higher rate can last, so none is tried.
        cost: Seconds that trying a rate takes at most.
        budget_s: Seconds for all trials.
        resolution: Width of the bracket, as a share of the capacity, that is narrow enough.
    """
    low, high, left = 0.0, capacity, budget_s
    trials: list[Trial] = []
    while high - low > resolution * capacity:
        rate = (low + high) / 2
        if cost(rate) > left:
            return Search(trials=tuple(trials), ended_by="budget")
        left -= cost(rate)
        trials.append(attempt(rate))
        low, high = (rate, high) if trials[-1].held else (low, rate)
    return Search(trials=tuple(trials), ended_by="precision")
