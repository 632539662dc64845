"""Intervals and the number of rounds: distribution-free where possible, bootstrapped where not.

scipy is imported inside the functions: a candidate worker that takes its intervals elsewhere need not load it.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

LEVEL: Final = 0.95
TARGET: Final = 0.02
PILOT_ROUNDS: Final = 5
ASSURANCE: Final = 0.8
MAX_ROUNDS: Final = 2000
RESAMPLES: Final = 1999
MEDIAN_METHOD: Final = "median; interval from order statistics"

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """A ratio to the original, from rounds in which both took a turn.

    Attributes:
        value: Median of the per-round ratios, or None when there is no round with both.
        interval: At the level asked for, or None with too few rounds (fewer than six for 95 %).
        n: Rounds that both sides have.
        method: How it was obtained, one line.
    """

    value: float | None
    interval: Interval | None
    n: int
    method: str


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[np.isfinite(array)]


def _median_rank(n: int, level: float) -> int:
    """The largest k for which [x_(k), x_(n-k+1)] covers the median at the level, 0 when there is none."""
    from scipy.special import bdtr

    tails = bdtr(np.arange((n + 1) // 2, dtype=np.float64), n, 0.5)
    return int(np.count_nonzero(tails <= (1.0 - level) / 2.0))


def median_interval(values: ArrayLike, level: float = LEVEL) -> Interval | None:
    """A distribution-free interval of the median, between two order statistics.

    Args:
        values: Independent observations, any order; values that are not finite are left out.
        level: Coverage that is at least reached, in (0, 1).

    Returns:
        Lower and upper end, or None when there are too few values (below 6 for 95 %).

    Source: David and Nagaraja, Order Statistics, 3rd ed., section 7.1: P(x_(k) <= median <= x_(n-k+1)) =
    1 - 2 P(Bin(n, 1/2) <= k - 1).
    """
    ordered = np.sort(_finite(values))
    rank = _median_rank(ordered.size, level)
    if rank == 0:
        return None
    return float(ordered[rank - 1]), float(ordered[ordered.size - rank])


def fewest_values(level: float = LEVEL) -> int:
    """The fewest values whose range holds the median at the level: six for 95 %."""
    return math.ceil(1.0 - math.log2(1.0 - level))


def range_coverage(n: int) -> float:
    """How surely the range of n independent values holds the median: 1 - 2 / 2**n (0.969 for six)."""
    return max(0.0, 1.0 - 2.0 ** (1 - n))


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[..., NDArray[np.float64]] = np.median,
    level: float = LEVEL,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[Interval | None, str]:
    """An interval of a statistic by resampling, BCa, or percentile where BCa is not defined.

    Args:
        values: Independent observations.
        statistic: Takes an array and ``axis``, as numpy's do.
        level: Coverage, in (0, 1).
        seed: Of the resampling.
        resamples: Number of resamples.

    Returns:
        The interval and the word for the method: ``BCa``, ``percentile``, or ``constant`` when all values are the
        same. None below three values.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, sections 13.3 and 14.3.
    """
    sample = _finite(values)
    if sample.size < 3:  # noqa: PLR2004 - a resample of two values says nothing
        return None, "none"
    if sample.min() == sample.max():
        return (float(sample[0]), float(sample[0])), "constant"
    for method in ("BCa", "percentile"):
        interval = _scipy_bootstrap(
            sample, statistic, method, {"confidence_level": level, "n_resamples": resamples, "random_state": seed}
        )
        if interval is not None:
            return interval, method
    return None, "none"


def _scipy_bootstrap(
    sample: NDArray[np.float64], statistic: Callable[..., NDArray[np.float64]], method: str, options: dict[str, float]
) -> Interval | None:
    from scipy.stats import bootstrap

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # a degenerate BCa warns and gives NaN, which is asked for below
        found = bootstrap((sample,), statistic, method=method, vectorized=True, **options).confidence_interval
    low, high = float(found.low), float(found.high)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def paired_ratio(own: Sequence[float], original: Sequence[float], level: float = LEVEL, seed: int = 0) -> Ratio:
    """The ratio own / original from rounds that both took part in.

    Args:
        own: One figure a round.
        original: The original's figure of the same round, same order and length.
        level: Coverage of the interval.
        seed: Of the bootstrap.

    Returns:
        Median of the per-round ratios with a bootstrap interval. Bootstrapped intervals of a median cover too little
        with few rounds (0.91 to 0.94 of 0.95 for 6 to 20), so it reaches at least as far as the order statistics.
    """
    pairs = [(a, b) for a, b in zip(own, original, strict=True) if math.isfinite(a) and math.isfinite(b) and b > 0.0]
    if not pairs:
        return Ratio(value=None, interval=None, n=0, method="no round in which both were measured")
    ratios = np.array([a / b for a, b in pairs])
    centre, exact = float(np.median(ratios)), median_interval(ratios, level)
    if exact is None:
        method = f"median of per-round ratios; no interval from {len(pairs)} rounds"
        return Ratio(value=centre, interval=None, n=len(pairs), method=method)
    interval, how = bootstrap_interval(ratios, np.median, level, seed)
    low, high = interval or exact
    method = f"median of per-round ratios; {how} bootstrap, {RESAMPLES} resamples, widened to the order statistics"
    return Ratio(value=centre, interval=(min(low, exact[0]), max(high, exact[1])), n=len(pairs), method=method)


def expected_half_width(n: int, level: float = LEVEL) -> float:
    """Half the width that `median_interval` of n normal values has on average, in standard deviations.

    Source: expected order statistics by Blom 1958, Phi^-1((i - 3/8) / (n + 1/4)). Infinite for too small n.
    """
    from scipy.special import ndtri

    rank = _median_rank(n, level)
    return float(ndtri((n - rank + 1 - 0.375) / (n + 0.25))) if rank else math.inf


def rounds_needed(  # noqa: PLR0913 - everything the decision depends on
    series: Sequence[Sequence[float]],
    target: float = TARGET,
    level: float = LEVEL,
    *,
    round_s: float,
    budget_s: float | None,
    pilot: int = PILOT_ROUNDS,
) -> tuple[int, str]:
    """How many rounds to take in all, the pilot included; decided once, after the pilot.

    Stopping at the first narrow interval under-covers, so nobody looks again afterwards.

    Args:
        series: The pilot's round statistics: one sequence for every candidate at every point.
        target: Wanted half-width of the median's interval, as a share of the median.
        level: Level of that interval.
        round_s: Seconds that one round takes, all candidates and points together.
        budget_s: Seconds for all rounds, the pilot included; None means no limit.
        pilot: Rounds that were taken.

    Returns:
        The number of rounds and what decided it: ``precision`` or ``budget``. Never below `pilot`, nor below the
        rounds without which there is no interval at all (six for 95 %), whatever the budget.

    Source: Kupper and Hafner 1989, sample sizes with assurance: in place of the unknown standard deviation stands the
    upper 80 % bound that the pilot gives for it; the width is that of the order-statistic interval.
    """
    least = max(pilot, fewest_values(level))
    affordable = MAX_ROUNDS
    if budget_s is not None and round_s > 0.0:
        affordable = min(MAX_ROUNDS, max(least, int(min(budget_s / round_s, MAX_ROUNDS))))
    spread = max((_relative_spread(values) for values in series), default=0.0)
    for rounds in _ladder(least, affordable):
        if spread * expected_half_width(rounds, level) <= target:
            return rounds, "precision"
    return affordable, "budget"


def _ladder(least: int, affordable: int) -> list[int]:
    """Every number of rounds below 200, then in steps of about one per cent."""
    steps, rounds = [], least
    while rounds <= affordable:
        steps.append(rounds)
        rounds += max(1, rounds // 100)
    return steps


def _relative_spread(values: Sequence[float]) -> float:
    """Upper bound of the standard deviation over the median; infinite where a pilot says nothing."""
    from scipy.special import chdtri

    sample = _finite(values)
    if sample.size < 2:  # noqa: PLR2004 - one value has no spread
        return math.inf
    deviation, centre = float(np.std(sample, ddof=1)), float(np.median(sample))
    if deviation == 0.0:
        return 0.0
    freedom = sample.size - 1
    bound = deviation * math.sqrt(freedom / float(chdtri(freedom, ASSURANCE)))
    return bound / centre if centre > 0.0 else math.inf


def autocorrelation(values: ArrayLike) -> float | None:
    """Correlation of successive values (lag 1), None for fewer than three values or a constant series.

    Source: Box, Jenkins and Reinsel, Time Series Analysis, section 2.1: r_1 = sum d_i d_(i+1) / sum d_i^2.
    """
    sample = _finite(values)
    if sample.size < 3:  # noqa: PLR2004 - see above
        return None
    deviations = sample - sample.mean()
    total = float(deviations @ deviations)
    return float(deviations[:-1] @ deviations[1:]) / total if total > 0.0 else None
