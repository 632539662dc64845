"""When two models count as the same: what the rows at hand prove about the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from carelabel.measure.agreement import p99
from carelabel.measure.limits import ParityLimits
from carelabel.measure.proportions import clopper_pearson_lower, clopper_pearson_upper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["ParityClass", "ParityLimits", "Verdict", "because", "classify", "flip_rate", "p99_within"]

ParityClass = Literal["identical", "equivalent", "different", "undecided"]
Verdict = Literal["yes", "no", "open"]


def flip_rate(flips: int, rows: int, limits: ParityLimits) -> Verdict:
    """Whether the share of flips is within its limit: proven, refuted, or open.

    Source: Clopper and Pearson 1934, one-sided bounds; 299 rows without a flip prove 1 % at 95 %.
    """
    if clopper_pearson_upper(flips, rows, limits.level) <= limits.flip_rate:
        return "yes"
    return "no" if clopper_pearson_lower(flips, rows, limits.level) > limits.flip_rate else "open"


def p99_within(apart: NDArray[np.float64] | None, limit: float, limits: ParityLimits) -> Verdict:
    """Whether the 99th percentile is within a limit; ``yes`` where there are no numbers to compare.

    With few rows, it is refuted only when more than one row in a hundred must lie beyond the limit.
    """
    if apart is None:
        return "yes"
    if len(apart) >= limits.least_rows_p99:
        return "yes" if (p99(apart) or 0.0) <= limit else "no"
    beyond = int(np.count_nonzero(apart > limit))
    return "no" if clopper_pearson_lower(beyond, len(apart), limits.level) > 0.01 else "open"  # noqa: PLR2004 - of p99


def classify(
    identical: Mapping[str, bool], equivalent: Mapping[str, Verdict], rows: int, limits: ParityLimits
) -> ParityClass:
    """The parity class from named conditions; `rows` counts what the conditions of identity were tried on."""
    if all(identical.values()) and rows >= limits.least_rows:
        return "identical"
    verdicts = set(equivalent.values())
    if "no" in verdicts:
        return "different"
    return "undecided" if "open" in verdicts else "equivalent"


def because(
    identical: Mapping[str, bool], equivalent: Mapping[str, Verdict], rows: int, limits: ParityLimits
) -> list[str]:
    """One line for each condition that does not hold or is open."""
    lines = [f"not identical: {name} does not hold" for name, holds in identical.items() if not holds]
    if not lines and rows < limits.least_rows:
        lines = [f"not called identical: {rows} rows, at least {limits.least_rows:g} are needed"]
    if not lines:
        return []
    said = {"no": "does not hold", "open": "is open: too few rows"}
    return lines + [
        f"not equivalent: {name} {said[verdict]}" for name, verdict in equivalent.items() if verdict in said
    ]
