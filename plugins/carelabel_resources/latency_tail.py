"""Tail percentiles of calls that were timed one by one, by MLPerf's early-stopping rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carelabel import Measurement
from carelabel.measure.tail import tail_percentile
from carelabel_resources.turns import correlation, singles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carelabel.plugin.interfaces import Samples

TAILS: Final = (("latency_p90", 0.9), ("latency_p95", 0.95), ("latency_p99", 0.99), ("latency_p999", 0.999))
CORRELATED: Final = 0.2
"""Autocorrelation above which calls of a turn are flagged: the rule takes them for independent."""


def tails(turns: Sequence[Samples], median: float | None = None) -> list[Measurement]:
    """The four percentiles, null where there are too few calls.

    Args:
        median: Seconds, the figure over rounds. A slow round has fewer calls than a fast one and weighs as much there:
            on a disturbed machine a percentile of all calls can be below it, and is then flagged.
    """
    calls = [call for turn in turns for call in singles(turn)]
    flags = ("autocorrelated",) if (correlation(turns) or 0.0) > CORRELATED else ()
    found = []
    for quantity, percentile in TAILS:
        tail = tail_percentile(calls, percentile)
        method = (
            f"early stopping at 99 % confidence: {tail.allowed} of the calls at or above it" if tail.allowed else ""
        )
        below = tail.value is not None and median is not None and tail.value < median
        marks = (*flags, "below-median") if below else flags
        found.append(
            Measurement(quantity=quantity, value=tail.value, n=tail.n, method=method, flags=marks, reason=tail.reason)
        )
    return found
