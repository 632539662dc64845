"""Percentiles of all calls beside a median over rounds."""

from __future__ import annotations

import random
from typing import Any

import pytest

from carelabel_resources.latency_tail import tails


def turn(seconds: float, calls: int) -> dict[str, Any]:
    spread = random.Random(calls)
    return {"wall": [seconds * spread.uniform(0.99, 1.01) for _ in range(calls)], "loops": 1}


@pytest.mark.parametrize(("median", "marked"), [(1.0, True), (0.001, False), (None, False)])
def test_a_percentile_below_the_median_over_rounds_says_so(median: float | None, *, marked: bool) -> None:
    """Most rounds are slow and short of calls, so most calls are those of the few fast rounds."""
    turns = [turn(0.001, 2000), turn(1.0, 5), turn(1.0, 5)]
    p90 = next(figure for figure in tails(turns, median) if figure.quantity == "latency_p90")
    assert p90.value == pytest.approx(0.001, rel=0.02)
    assert ("below-median" in p90.flags) is marked
