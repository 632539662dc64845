from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from carelabel.measure.tail import calls_allowed, calls_allowed_late, calls_needed, tail_percentile


@pytest.mark.parametrize(("percentile", "needed"), [(0.9, 64), (0.95, 130), (0.99, 662), (0.999, 6636)])
def test_the_calls_that_mlperfs_rule_asks_for(percentile: float, needed: int) -> None:
    assert calls_needed(percentile) == needed
    assert calls_allowed(percentile, needed) == 1
    assert calls_allowed(percentile, needed - 1) == 0


@pytest.mark.parametrize("percentile", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [64, 130, 200, 662, 1000, 5000])
def test_as_many_slow_calls_are_allowed_as_the_rule_needs_no_more_calls_for(percentile: float, n: int) -> None:
    allowed = calls_allowed(percentile, n)
    assert calls_needed(percentile, allowed + 1) > n
    assert allowed == 0 or calls_needed(percentile, allowed) <= n


def test_with_one_allowed_call_the_estimate_is_the_slowest() -> None:
    found = tail_percentile(np.arange(64.0), 0.9)
    assert (found.value, found.allowed, found.n, found.needed, found.reason) == (63.0, 1, 64, 64, None)


def test_with_t_allowed_calls_the_estimate_is_the_t_th_slowest() -> None:
    found = tail_percentile(np.arange(662.0)[::-1], 0.9)
    assert (found.allowed, found.value) == (48, 662.0 - 48)


def test_below_the_needed_calls_there_is_a_reason_instead_of_a_figure() -> None:
    found = tail_percentile(np.ones(661), 0.99)
    assert found.value is None
    assert found.reason == "n < needed (661 < 662 calls)"


def test_no_calls_at_all_is_below_the_needed_ones() -> None:
    assert tail_percentile([], 0.9).reason == "n < needed (0 < 64 calls)"


def test_the_estimate_is_hardly_ever_below_the_true_percentile() -> None:
    random = np.random.default_rng(0)
    true = -np.log(0.1)  # p90 of the exponential distribution
    low = sum((tail_percentile(random.exponential(size=300), 0.9).value or 0.0) < true for _ in range(2000))
    assert low <= 0.01 * 2000 + 3 * np.sqrt(2000 * 0.01 * 0.99)


@pytest.mark.parametrize(("n", "late"), [(458, -1), (459, 0), (661, 0), (662, 1), (10_000, 77)])
def test_how_many_calls_may_miss_a_bound_that_is_to_hold_for_p99(n: int, late: int) -> None:
    assert calls_allowed_late(0.99, n) == late


def test_estimates_are_loadgens_own_on_a_stream_that_it_recorded() -> None:
    recorded = json.loads((Path(__file__).parent / "data" / "loadgen_single_stream.json").read_text())
    for percentile, estimate in recorded["early_stopping_ns"].items():
        assert tail_percentile(recorded["latencies_ns"], float(percentile)).value == estimate
