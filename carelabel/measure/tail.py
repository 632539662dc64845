"""Tail percentiles that claim no more than the number of calls supports: MLPerf Inference's early-stopping rule.

A percentile p may be stated from n calls when t of them may lie above it and n = h + t with the smallest h for
which I(p; h, t + 1) <= 1 - confidence, I being the regularised incomplete beta function: the chance to see so few
slow calls if the true percentile were slower still.

Source: MLPerf Inference rules, appendix "Early stopping criterion"; LoadGen's single-stream estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CONFIDENCE: Final = 0.99


@dataclass(frozen=True, kw_only=True, slots=True)
class TailEstimate:
    """An estimate of a percentile that is not too low at the confidence asked for.

    Attributes:
        value: The t-th largest call, or None with a reason.
        n: Calls seen.
        needed: Calls needed at least.
        allowed: t, the number of calls at or above the value; 0 when there are too few calls.
    """

    value: float | None
    n: int
    needed: int
    allowed: int
    reason: str | None = None


def calls_needed(percentile: float, over: int = 1, confidence: float = CONFIDENCE) -> int:
    """The smallest number of calls with which `over` of them may lie above the percentile.

    Args:
        percentile: In (0, 1): 0.99 for p99.
        over: t, at least 0.
        confidence: In (0, 1).
    """
    low, high = over, over + 1
    while _chance(percentile, high, over) > 1.0 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _chance(percentile, middle, over) <= 1.0 - confidence else (middle, high)
    return high


def _chance(percentile: float, n: int, over: int) -> float:
    """I(p; n - t, t + 1): the chance of at most `over` calls above the percentile among n."""
    from scipy.special import betainc

    return float(betainc(n - over, over + 1, percentile))


def calls_allowed(percentile: float, n: int, confidence: float = CONFIDENCE) -> int:
    """The largest t that n calls allow, 0 when not even one."""
    from scipy.special import bdtr

    most = math.ceil(n * (1.0 - percentile)) + 1
    chances = bdtr(np.arange(1, most + 1, dtype=np.float64), n, 1.0 - percentile) if n > most else np.ones(1)
    return int(np.count_nonzero(chances <= 1.0 - confidence))


def calls_allowed_late(percentile: float, n: int, confidence: float = CONFIDENCE) -> int:
    """How many of n calls may lie above a bound that is to hold for the percentile; -1 when n is too small for any.

    This is the rule for runs with a given bound: h calls within it and t above it pass when h is at least the smallest
    for which I(p; h, t + 1) <= 1 - confidence. 459 calls without a late one prove a p99, 662 with one.
    """
    if calls_needed(percentile, 0, confidence) > n:
        return -1
    return calls_allowed(percentile, n, confidence)


def tail_percentile(values: ArrayLike, percentile: float, confidence: float = CONFIDENCE) -> TailEstimate:
    """Estimate a tail percentile of single calls.

    Args:
        values: (n,) seconds of one call each, any order; values that are not finite are left out.
        percentile: In (0, 1).
        confidence: That the true percentile is not above the estimate.
    """
    array = np.asarray(values, dtype=np.float64).ravel()
    ordered = np.sort(array[np.isfinite(array)])
    needed = calls_needed(percentile, 1, confidence)
    allowed = calls_allowed(percentile, ordered.size, confidence)
    if ordered.size < needed or allowed < 1:
        reason = f"n < needed ({ordered.size} < {needed} calls)"
        return TailEstimate(value=None, n=int(ordered.size), needed=needed, allowed=0, reason=reason)
    value = float(ordered[ordered.size - allowed])
    return TailEstimate(value=value, n=int(ordered.size), needed=needed, allowed=allowed)
