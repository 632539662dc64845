"""What tests with a figure a class share: which classes they show, how they call them, and their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.measure.scoring import resampled_rows, without_spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from carelabel.plugin.interfaces import ScoreContext

LEVEL: Final = 0.95
_FEW: Final = "no interval: too few rows to resample"


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


Interval = tuple[tuple[float, float] | None, str]
"""The ends or None, and how they were found or why there are none."""


def bootstrap(
    context: ScoreContext,
    n: int,
    figures: Callable[[NDArray[np.intp]], NDArray[np.float64]],
    shares: Sequence[tuple[int, int] | None] = (),
) -> list[Interval]:
    """Percentile intervals at 95 % of several figures, none where one is undefined on more than half of the resamples.

    Args:
        figures: Rows (r, n) of row numbers to (r, m) figures, NaN where undefined.
        shares: For figures that are shares, which rows: how many count, and of how many. None for the others.
    """
    if n < 2 or context.resamples < 1:  # noqa: PLR2004 - there is nothing to resample
        return [(None, _FEW)] * figures(np.zeros((1, n), dtype=np.intp)).shape[1]
    found = np.concatenate([figures(rows) for rows in resampled_rows(n, context.resamples, context.seed)])
    of = shares or [None] * found.shape[1]
    return [_interval(column, share) for column, share in zip(found.T, of, strict=True)]


def _interval(column: NDArray[np.float64], share: tuple[int, int] | None) -> Interval:
    defined = column[~np.isnan(column)]
    if 2 * len(defined) < len(column):
        return None, _FEW
    if defined.min() == defined.max():
        return without_spread(*share) if share and share[1] else without_spread(None, 0)
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return (float(low), float(high)), f"percentile bootstrap over rows, {len(column)} resamples"
