"""What tests with a figure a class share: which classes they show, how they call them, and their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.measure.scoring import resampled_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from carelabel.plugin.protocols import ScoreContext

LEVEL: Final = 0.95


def most_frequent(y_true: NDArray[Any], classes: NDArray[Any], most: int) -> tuple[list[int], str]:
    """Numbers of the classes with the most rows, in the order of the classes, and a remark if some are left out."""
    rows = np.array([int(np.sum(y_true == item)) for item in classes])
    taken = sorted(np.argsort(-rows, kind="stable")[:most].tolist())
    left_out = len(classes) - len(taken)
    return taken, f"; the {len(taken)} classes with the most rows of {len(classes)}" if left_out else ""


def plain(item: Any) -> str | float:  # noqa: ANN401 - a class as numpy holds it
    """A class as a key of a figure."""
    value = item.item() if hasattr(item, "item") else item
    return str(value) if isinstance(value, bool) or not isinstance(value, int | float) else value


def bootstrap(
    context: ScoreContext, n: int, figures: Callable[[NDArray[np.intp]], NDArray[np.float64]]
) -> list[tuple[float, float] | None]:
    """Percentile intervals at 95 % of several figures, None where one is undefined on more than half of the resamples.

    Args:
        figures: Rows (r, n) of row numbers to (r, m) figures, NaN where undefined.
    """
    if n < 2 or context.resamples < 1:  # noqa: PLR2004 - there is nothing to resample
        return [None] * figures(np.zeros((1, n), dtype=np.intp)).shape[1]
    found = np.concatenate([figures(rows) for rows in resampled_rows(n, context.resamples, context.seed)])
    intervals: list[tuple[float, float] | None] = []
    for column in found.T:
        defined = column[~np.isnan(column)]
        if 2 * len(defined) < len(column):
            intervals.append(None)
            continue
        low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        intervals.append((float(low), float(high)))
    return intervals


def how(interval: tuple[float, float] | None, resamples: int) -> str:
    """How an interval was made, or that there is none."""
    if interval is None:
        return "no interval: too few rows to resample"
    return f"percentile bootstrap over rows, {resamples} resamples"
