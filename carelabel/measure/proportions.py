"""Counts and shares: exact bounds, exact tests and equivalence of two accuracies on the same rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

MARGIN: Final = 0.01
ALPHA: Final = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Equivalence:
    """Two one-sided tests of paired accuracies.

    Attributes:
        difference: Candidate's accuracy minus the original's.
        p: The larger of the two one-sided p values.
        equivalent: Whether p is at most `ALPHA`.
    """

    difference: float
    p: float
    equivalent: bool
    margin: float


def _check(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        msg = f"successes must be between 0 and n, got {successes} of {n}"
        raise ValueError(msg)


def clopper_pearson_upper(successes: int, n: int, level: float = 0.95) -> float:
    """Exact one-sided upper bound of a share; 1 when nothing was tried.

    Raises:
        ValueError: If there are more successes than tries.

    Source: Clopper and Pearson 1934: the `level` quantile of Beta(successes + 1, n - successes).
    """
    from scipy.special import betaincinv

    _check(successes, n)
    return 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, level))


def clopper_pearson_lower(successes: int, n: int, level: float = 0.95) -> float:
    """Exact one-sided lower bound of a share; 0 when nothing was tried.

    Raises:
        ValueError: If there are more successes than tries.

    Source: Clopper and Pearson 1934: the ``1 - level`` quantile of Beta(successes, n - successes + 1).
    """
    from scipy.special import betaincinv

    _check(successes, n)
    return 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, 1.0 - level))


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval of a share, which is not empty where all or none succeeded; (0, 1) without tries.

    Raises:
        ValueError: If there are more successes than tries.

    Source: Clopper and Pearson 1934; both one-sided bounds at (1 + level) / 2.
    """
    each = (1.0 + level) / 2.0
    return clopper_pearson_lower(successes, n, each), clopper_pearson_upper(successes, n, each)


def wilson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share; (0, 1) when nothing was tried.

    Raises:
        ValueError: If there are more successes than tries.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    from scipy.special import ndtri

    _check(successes, n)
    if n == 0:
        return 0.0, 1.0
    z, share = float(ndtri((1.0 + level) / 2.0)), successes / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1.0 - share) / n + z * z / (4 * n * n))
    scale = 1.0 + z * z / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided exact p value of McNemar's test; 1 without a discordant pair.

    Args:
        only_first: Rows that only the first got right.
        only_second: Rows that only the second got right.

    Source: McNemar 1947; exact form: twice the smaller tail of Bin(b + c, 1/2), at most 1.
    """
    from scipy.special import bdtr

    discordant = only_first + only_second
    if discordant == 0:
        return 1.0
    return min(1.0, 2.0 * float(bdtr(min(only_first, only_second), discordant, 0.5)))


def tost_accuracy(n: int, gained: int, lost: int, margin: float = MARGIN) -> Equivalence:
    """Whether two accuracies on the same rows differ by less than `margin`, by two one-sided tests.

    Args:
        n: Rows.
        gained: Rows that only the candidate got right.
        lost: Rows that only the original got right.
        margin: Largest difference that still counts as equal, in (0, 1).

    Source: Schuirmann 1987 for the two tests; Tango 1998 (Statistics in Medicine 17, 891) for the score statistic
    of a paired difference, which stays defined when no pair is discordant.
    """
    from scipy.special import ndtr

    if n == 0:
        return Equivalence(difference=0.0, p=1.0, equivalent=False, margin=margin)
    above = 1.0 - float(ndtr(_tango(n, gained, lost, -margin)))
    below = float(ndtr(_tango(n, gained, lost, margin)))
    p = max(above, below)
    return Equivalence(difference=(gained - lost) / n, p=p, equivalent=p <= ALPHA, margin=margin)


def _tango(n: int, gained: int, lost: int, delta: float) -> float:
    """Tango's score statistic for the hypothesis that the difference is `delta`."""
    a = 2.0 * n
    b = -gained - lost + (2.0 * n - gained + lost) * delta
    c = -lost * delta * (1.0 - delta)
    q = (math.sqrt(max(0.0, b * b - 4.0 * a * c)) - b) / (2.0 * a)
    variance = n * (2.0 * q + delta * (1.0 - delta))
    return (gained - lost - n * delta) / math.sqrt(variance) if variance > 0.0 else 0.0
