"""What counts as the same model. Free of numpy: the parent holds a suite's limits before anything runs."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


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
            UsageError: If a name is unknown, or a value cannot be a limit.
        """
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(given) - known):
            near = difflib.get_close_matches(unknown[0], known, n=1)
            msg = f"parity limits must be among {', '.join(sorted(known))}, got {', '.join(unknown)}"
            raise UsageError(msg, f"did you mean {near[0]}?" if near else "correct the section parity of the suite")
        for name, value in given.items():
            if not 0 <= value < (1 if name == "level" else math.inf):
                bounds = "at least 0 and below 1" if name == "level" else "a finite number of 0 or more"
                msg = f"the parity limit {name} must be {bounds}, got {value}"
                raise UsageError(msg, "correct the section parity of the suite")
        return cls(**given)
