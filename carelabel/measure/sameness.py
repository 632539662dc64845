"""When two models count as the same: limits, and what the rows at hand prove about them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

import numpy as np

from carelabel.errors import UsageError
from carelabel.measure.agreement import p99
from carelabel.measure.proportions import clopper_pearson_lower, clopper_pearson_upper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ParityClass = Literal["identical", "equivalent", "different", "undecided"]
Verdict = Literal["yes", "no", "open"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ParityLimits:
    """What counts as the same; a suite may set other limits.

    Attributes:
        identical_probability: Largest |dp| of an identical classifier.
        identical_iqr: Largest |d| of an identical regressor, in interquartile ranges of the target.
        flip_rate: Bound of the share of other labels of an equivalent model.
        p99_probability: 99th percentile of |dp| of an equivalent classifier.
        p99_sd: 99th percentile of |d| of an equivalent regressor, in standard deviations of the target.
        tie_margin: Below this lead of the first class over the second a row is a tie, counted apart.
        least_rows: Rows (neighbours of thresholds included) below which nothing is called identical.
        least_rows_p99: Rows below which a 99th percentile is not known.
        accuracy_margin: Difference of accuracies that still counts as equal.
        level: Of the exact bounds.
    """

    identical_probability: float = 1e-5
    identical_iqr: float = 1e-5
    flip_rate: float = 0.01
    p99_probability: float = 0.05
    p99_sd: float = 0.01
    tie_margin: float = 1e-6
    least_rows: float = 20
    least_rows_p99: float = 100
    accuracy_margin: float = 0.01
    level: float = 0.95

    @classmethod
    def of(cls, given: Mapping[str, float]) -> ParityLimits:
        """The defaults with what a suite sets otherwise.

        Raises:
            UsageError: If a name is unknown.
        """
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(given) - known):
            msg = f"parity limits must be among {', '.join(sorted(known))}, got {', '.join(unknown)}"
            raise UsageError(msg, "correct the section parity of the suite")
        return cls(**given)


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
