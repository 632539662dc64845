"""Queries as users send them, against a server whose speed is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from typing import Any

import pytest

from carelabel.measure.contention import WaitCounters
from carelabel.measure.scenarios import (
    Trial,
    highest_rate,
    offline,
    poisson_arrivals,
    serve,
    single_stream,
)
from carelabel.measure.tail import calls_allowed_late
from carelabel.measure.timing import Clock


@dataclass
class FakeTime:
    """Time moves when somebody sleeps or works, and by `tick` nanoseconds whenever somebody looks at the clock."""

    now: int = 0
    tick: int = 100
    slept: list[float] = field(default_factory=list)

    def spend(self, seconds: float) -> None:
        self.now += round(seconds * 1e9)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.spend(seconds)

    def _look(self) -> int:
        self.now += self.tick
        return self.now

    @property
    def clock(self) -> Any:
        counters = WaitCounters(wait=lambda: None, steal=lambda: None)
        return Clock(wall=self._look, cpu=lambda: 0, counters=counters, sleep=self._sleep)


@pytest.fixture
def fake() -> Any:
    return FakeTime()


def test_single_stream_sends_the_next_query_when_the_last_is_answered(fake: Any) -> None:
    seen: list[int] = []

    def call(item: int) -> None:
        seen.append(item)
        fake.spend(0.005)

    latencies = single_stream(call, cycle(range(3)), fake.clock, seconds=0.1, queries=5)
    assert latencies == pytest.approx([0.005] * 20, rel=1e-3)
    assert seen[:4] == [0, 1, 2, 0]


def test_single_stream_goes_on_for_the_queries_it_needs(fake: Any) -> None:
    assert len(single_stream(lambda _: fake.spend(0.005), cycle([1]), fake.clock, seconds=0.01, queries=64)) == 64


def test_offline_hands_over_everything_and_takes_batch_by_batch(fake: Any) -> None:
    seen: list[str] = []

    def call(batch: str) -> None:
        seen.append(batch)
        fake.spend(0.010)

    passes = offline(call, ["a", "b", "c"], fake.clock, seconds=0.0, passes=6)
    assert passes == pytest.approx([0.030] * 6, rel=1e-3)
    assert seen == ["a", "b", "c"] * 6


def test_arrivals_are_seeded_ascending_and_exponentially_apart() -> None:
    first, again, other = (poisson_arrivals(200.0, 20_000, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    gaps = [b - a for a, b in pairwise(first)]
    assert min(gaps) >= 0.0
    mean = sum(gaps) / len(gaps)
    assert mean == pytest.approx(1 / 200, rel=0.03)
    assert math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) == pytest.approx(mean, rel=0.05)


def test_the_same_users_come_faster_at_a_higher_rate() -> None:
    slow, fast = (poisson_arrivals(rate, 100, seed=3) for rate in (10.0, 40.0))
    assert fast == pytest.approx([moment / 4 for moment in slow])


def test_a_latency_counts_from_the_arrival_and_includes_the_queue(fake: Any) -> None:
    latencies = serve(
        lambda _: fake.spend(0.010), cycle([1]), fake.clock, arrivals=[0.0, 0.001, 0.002, 0.1], bound_s=1.0, allowed=0
    )
    assert latencies == pytest.approx([0.010, 0.019, 0.028, 0.010], rel=1e-2)


def test_between_arrivals_the_server_sleeps_and_does_not_wake_up_late(fake: Any) -> None:
    serve(lambda _: fake.spend(0.001), cycle([1]), fake.clock, arrivals=[0.05, 0.1], bound_s=1.0, allowed=0)
    assert sum(fake.slept) == pytest.approx(0.098, abs=0.002)


def test_a_hopeless_trial_ends_when_one_query_too_many_is_late(fake: Any) -> None:
    arrivals = [0.0001 * number for number in range(1000)]
    latencies = serve(lambda _: fake.spend(0.010), cycle([1]), fake.clock, arrivals=arrivals, bound_s=0.035, allowed=2)
    assert len(latencies) == 6  # three in time, three late
    assert sum(latency > 0.035 for latency in latencies) == 3


def trial(rate: float, *, held: bool) -> Trial:
    return Trial(rate=rate, queries=662, late=0 if held else 2, allowed=1, latencies=())


@pytest.mark.parametrize("truth", [3.0, 500.0, 970.0])
def test_bisection_finds_the_highest_rate_within_its_resolution(truth: float) -> None:
    search = highest_rate(
        lambda rate: trial(rate, held=rate <= truth), 1000.0, cost=lambda _: 1.0, budget_s=60.0, resolution=1 / 512
    )
    assert search.ended_by == "precision"
    assert search.best is not None
    assert truth - 2.0 <= search.best.rate <= truth
    assert len(search.trials) == 9


def test_bisection_keeps_within_its_budget_and_says_so() -> None:
    search = highest_rate(
        lambda rate: trial(rate, held=True), 1000.0, cost=lambda rate: 662 / rate, budget_s=2.5, resolution=1 / 512
    )
    assert search.ended_by == "budget"
    assert [item.rate for item in search.trials] == [500.0, 750.0]  # 1.3 s and 0.9 s; the third does not fit


def test_without_time_for_a_single_trial_nothing_is_found() -> None:
    search = highest_rate(lambda _: pytest.fail("tried"), 1.0, cost=lambda _: 10.0, budget_s=1.0, resolution=0.01)
    assert (search.best, search.trials, search.ended_by) == (None, (), "budget")


def waiting_within(utilisation: float, services: float) -> float:
    """P(W <= services * D) of the queue M/D/1. Source: Erlang 1909; Tijms, A First Course in Stochastic Models, 9.6."""
    total = 0.0
    for k in range(math.floor(services) + 1):
        x = utilisation * (services - k)
        total += (-x) ** k / math.factorial(k) * math.exp(x)
    return (1.0 - utilisation) * total


def test_a_server_of_known_speed_holds_the_rate_that_queueing_theory_gives() -> None:
    """Every query takes 1 ms; 99 % within 5 ms are held up to a utilisation of 0.56."""
    fake = FakeTime(tick=2_000)
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if waiting_within(middle, 4.0) >= 0.99 else (low, middle)

    def attempt(rate: float) -> Trial:
        allowed = calls_allowed_late(0.99, 20_000)
        latencies = serve(
            lambda _: fake.spend(0.001),
            cycle([1]),
            fake.clock,
            arrivals=poisson_arrivals(rate, 20_000, seed=0),
            bound_s=0.005,
            allowed=allowed,
        )
        late = sum(latency > 0.005 for latency in latencies)
        return Trial(rate=rate, queries=len(latencies), late=late, allowed=allowed, latencies=tuple(latencies))

    search = highest_rate(attempt, 1000.0, cost=lambda _: 0.0, budget_s=1.0, resolution=1 / 64)
    assert search.best is not None
    assert search.best.rate / 1000.0 == pytest.approx(low, abs=0.04)
