"""Single stream, offline and server: the scenarios of MLPerf LoadGen on one candidate."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

from carelabel import Measurement
from carelabel.measure import scenarios
from carelabel.measure.calls import function_of, prepare
from carelabel.measure.contention import contended, seconds_between
from carelabel.measure.stats import LEVEL, median_interval
from carelabel.measure.tail import calls_allowed_late, calls_needed, tail_percentile
from carelabel.measure.threads import crew, more_than_granted
from carelabel.measure.timing import Clock, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carelabel import TestContext
    from carelabel.plugin.interfaces import At

P90: Final = 0.9
P99: Final = 0.99
LEAST_PASSES: Final = 6
TRIAL_BOUNDS: Final = 10
"""A trial of the server lasts ten times its bound at least: a queue that grows needs time to be seen."""
RESOLUTION: Final = 1 / 64


def run(  # noqa: PLR0913 - the declared parameters, and a clock for tests
    context: TestContext,
    *,
    seconds: float,
    server_seconds: float,
    bound_s: float,
    offline_batch: int,
    call: str,
    clock: Clock | None = None,
) -> list[Measurement]:
    """The figure of merit of each scenario, and what goes with it.

    Raises:
        CareLabelError: If the model has no such call or there are no rows.
    """
    clock = clock or Clock()
    predictor = context.live()
    function = function_of(predictor, call)
    one_by_one = cycle(prepare(context, predictor, 1, clock).batches)
    with crew() as workers:
        warm_up(function, one_by_one, clock)
    latencies, busy = _watched(
        clock,
        lambda: scenarios.single_stream(function, one_by_one, clock, seconds=seconds, queries=calls_needed(P90)),
    )
    found = [_marked(figure, busy) for figure in _stream(latencies)]
    large = prepare(context, predictor, offline_batch, clock)
    rows = offline_batch * len(large.batches)
    passes, busy = _watched(
        clock, lambda: scenarios.offline(function, large.batches, clock, seconds=seconds, passes=LEAST_PASSES)
    )
    found.append(_marked(_offline(passes, rows, offline_batch), busy))
    server = _Server(function=function, inputs=one_by_one, clock=clock, bound_s=bound_s, seed=context.seed)
    figures, busy = _watched(clock, lambda: server.figures(latencies, server_seconds))
    found += [_marked(figure, busy) for figure in figures]
    crowded = more_than_granted(workers.count, context.platform)
    return [replace(figure, flags=(*figure.flags, "more-threads")) for figure in found] if crowded else found


def _watched(clock: Clock, work: Callable[[], Any]) -> tuple[Any, bool]:
    """What the work gives, and whether it had to wait for a processor too often."""
    before, start = clock.counters.read(), clock.wall()
    result = work()
    after, seconds = clock.counters.read(), (clock.wall() - start) / 1e9
    waits = [seconds_between(one, other) for one, other in zip(before, after, strict=True)]
    return result, contended(sum(wait or 0.0 for wait in waits) / seconds if seconds > 0.0 else None)


def _marked(figure: Measurement, busy: bool) -> Measurement:  # noqa: FBT001 - the only thing there is to say
    return replace(figure, flags=(*figure.flags, "contended")) if busy else figure


def _stream(latencies: Sequence[float]) -> list[Measurement]:
    at: At = {"scenario": "single-stream"}
    tail = tail_percentile(latencies, P90)
    rate = 1.0 / statistics.fmean(latencies)
    return [
        Measurement(
            quantity="scenario_p90",
            value=tail.value,
            at=at,
            n=tail.n,
            method="each query sent when the last is answered; early stopping at 99 % confidence",
            reason=tail.reason,
        ),
        Measurement(
            quantity="scenario_throughput",
            value=rate,
            at=at,
            n=len(latencies),
            method="queries over the sum of their times; no interval",
        ),
    ]


def _offline(passes: Sequence[float], rows: int, batch: int) -> Measurement:
    rates = [rows / seconds for seconds in passes]
    interval = median_interval(rates)
    return Measurement(
        quantity="scenario_throughput",
        value=statistics.median(rates),
        at={"scenario": "offline"},
        interval=interval,
        level=LEVEL if interval else None,
        n=len(rates),
        method=f"median over passes of {rows} rows handed over at once, {batch} a call; interval by order statistics",
    )


@dataclass(kw_only=True, slots=True)
class _Server:
    """Poisson arrivals in front of one model."""

    function: Callable[[Any], object]
    inputs: Iterator[Any]
    clock: Clock
    bound_s: float
    seed: int
    queries: int = field(default_factory=lambda: calls_needed(P99))

    def figures(self, alone: Sequence[float], budget_s: float) -> list[Measurement]:
        """Highest rate that holds the bound, and the tail at that rate.

        Args:
            alone: Seconds of queries that had the model to themselves.
        """
        usual = statistics.median(alone)
        if usual > self.bound_s:
            return self._nothing(f"half of the queries take {usual:.3g} s and more without any queue")
        capacity = 1.0 / statistics.fmean(alone)
        search = scenarios.highest_rate(
            self.attempt, capacity, cost=self._cost, budget_s=budget_s, resolution=RESOLUTION
        )
        if search.best is None:
            return self._nothing(self._why(search, capacity, budget_s))
        return [_rate(search, self.bound_s), _tail(search.best)]

    def attempt(self, rate: float) -> scenarios.Trial:
        """Try one rate; the arrivals are the same for every candidate, stretched."""
        planned = self._planned(rate)
        allowed = calls_allowed_late(P99, planned)
        latencies = scenarios.serve(
            self.function,
            self.inputs,
            self.clock,
            arrivals=scenarios.poisson_arrivals(rate, planned, self.seed),
            bound_s=self.bound_s,
            allowed=allowed,
        )
        late = sum(latency > self.bound_s for latency in latencies)
        return scenarios.Trial(
            rate=rate, queries=len(latencies), late=late, allowed=allowed, latencies=tuple(latencies)
        )

    def _planned(self, rate: float) -> int:
        return min(scenarios.MOST_QUERIES, max(self.queries, int(rate * TRIAL_BOUNDS * self.bound_s)))

    def _cost(self, rate: float) -> float:
        return self._planned(rate) / rate

    def _why(self, search: scenarios.Search, capacity: float, budget_s: float) -> str:
        if not search.trials:
            need = self._cost(capacity / 2)
            return f"one trial of {self.queries} queries takes {need:.3g} s, and the budget is {budget_s:g} s"
        lowest = min(trial.rate for trial in search.trials)
        end = f" within the budget of {budget_s:g} s" if search.ended_by == "budget" else ""
        return f"even {lowest:.3g} queries a second, the lowest rate tried{end}, were answered too late"

    def _nothing(self, why: str) -> list[Measurement]:
        reason = f"no rate was found that keeps 99 % of the queries within {self.bound_s:g} s: {why}"
        at: At = {"scenario": "server"}
        names = ("scenario_throughput", "scenario_p99")
        return [Measurement(quantity=name, value=None, at=at, n=0, reason=reason) for name in names]


def _rate(search: scenarios.Search, bound_s: float) -> Measurement:
    best = search.best
    value = best.rate if best else None
    failed = [trial.rate for trial in search.trials if not trial.held]
    above = f"{min(failed):.4g} a second no longer did" if failed else "no rate tried was too high"
    return Measurement(
        quantity="scenario_throughput",
        value=value,
        at={"scenario": "server"},
        n=len(search.trials),
        method=(
            f"highest Poisson rate with 99 % of queries within {bound_s:g} s at 99 % confidence, by bisection: {above}"
        ),
        flags=("budget-ended",) if search.ended_by == "budget" else (),
        detail={
            "type": "trials",
            "rate": [trial.rate for trial in search.trials],
            "queries": [trial.queries for trial in search.trials],
            "late": [trial.late for trial in search.trials],
            "allowed": [trial.allowed for trial in search.trials],
        },
    )


def _tail(best: scenarios.Trial) -> Measurement:
    tail = tail_percentile(best.latencies, P99)
    return Measurement(
        quantity="scenario_p99",
        value=tail.value,
        at={"scenario": "server"},
        n=tail.n,
        method=f"from arrival to answer at {best.rate:.4g} queries a second; early stopping at 99 % confidence",
        reason=tail.reason,
    )
