"""ROC curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics

from carelabel.plugin.interfaces import Measurement
from carelabel_quality.ranking import areas_on_resamples, one_against_rest
from carelabel_quality.shown import LEVEL, bootstrap, most_frequent, plain
from carelabel_quality.tables import as_plain, count_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from carelabel.plugin.interfaces import ScoreContext

_BINARY = 2
_DIGITS = 5
_WITHIN = 0.005
"""How far a point that is left out may lie from the drawn line: half a pixel of a plot that is 100 pixels wide."""


def roc_curve(context: ScoreContext, classes_shown: int = 50, points: int = 100) -> Iterator[Measurement]:
    """A curve a class against the rest, of two classes the second's alone; the area is of all points.

    Points on a straight line between others are left out, and points less than `_WITHIN` away from the line that is
    drawn without them; more where there would be more than `points`. The detail says how far away they are at most.

    Returns: Area with the curve in the detail: ``x`` false positive rate, ``y`` true positive rate, both ascending.
    """
    target, probabilities = context.test.target, context.predictions.probabilities
    if target is None or probabilities is None:
        yield Measurement(quantity="roc_auc_of_class", value=None, reason="the candidate gives no probabilities")
        return
    truth = as_plain(np.asarray(target).reshape(len(probabilities)))
    classes = as_plain(np.asarray(context.facts.classes))
    shown, remark = most_frequent(truth, classes, classes_shown)
    names = {plain(classes[number]) for number in shown}
    for item, positive, score in one_against_rest(truth, probabilities, classes):
        if plain(item) in names or len(classes) == _BINARY:
            yield _of_class(context, plain(item), positive, score, points, remark)


def _of_class(  # noqa: PLR0913, PLR0917 - one class's part of everything
    context: ScoreContext,
    name: str | float,
    positive: NDArray[np.bool_],
    score: NDArray[np.float64],
    points: int,
    remark: str,
) -> Measurement:
    n, members = len(positive), int(positive.sum())
    if not 0 < members < n:
        reason = f"a ROC curve needs rows inside and outside the class, got {members} of {n} inside"
        return Measurement(quantity="roc_auc_of_class", value=None, at={"class": name}, n=n, reason=reason)
    x, y, _ = metrics.roc_curve(positive, score)
    interval, how = bootstrap(
        context, n, lambda rows: areas_on_resamples(positive, score, count_rows(rows, n))[:, np.newaxis]
    )[0]
    kept, apart = corners(x, y, points)
    return Measurement(
        quantity="roc_auc_of_class",
        value=float(metrics.roc_auc_score(positive, score)),
        at={"class": name},
        interval=interval,
        level=LEVEL if interval else None,
        n=n,
        method=f"{members} rows of the class among {n}; {how}{remark}",
        detail=_detail(x[kept], y[kept], apart),
    )


def corners(x: NDArray[Any], y: NDArray[Any], most: int) -> tuple[NDArray[np.intp], float]:
    """Numbers of the points that are worth drawing, ascending, and how far from their line any other point lies.

    Args:
        x: (n,) ascending. y: (n,).
        most: Points at most; at least the two ends stay.

    Source: Douglas and Peucker 1973: the point furthest from a line splits it, until none is too far away.
    """
    kept, open_spans, apart = {0, len(x) - 1}, [(*_furthest(x, y, 0, len(x) - 1), 0, len(x) - 1)], 0.0
    while open_spans:
        distance, middle, first, last = open_spans.pop(open_spans.index(max(open_spans)))
        if distance <= _WITHIN or len(kept) >= most:
            apart = distance
            break
        kept.add(middle)
        open_spans += [(*_furthest(x, y, *span), *span) for span in ((first, middle), (middle, last))]
    return np.array(sorted(kept), dtype=np.intp), apart


def _furthest(x: NDArray[Any], y: NDArray[Any], first: int, last: int) -> tuple[float, int]:
    """Distance and number of the point between two others that lies furthest from their line."""
    if last - first <= 1:
        return 0.0, first
    along = np.hypot(x[last] - x[first], y[last] - y[first])
    inside = slice(first + 1, last)
    across = (x[last] - x[first]) * (y[inside] - y[first]) - (y[last] - y[first]) * (x[inside] - x[first])
    away = np.abs(across) / along if along > 0.0 else np.zeros(last - first - 1)
    return float(away.max()), first + 1 + int(away.argmax())


def _detail(x: NDArray[Any], y: NDArray[Any], apart: float) -> dict[str, Any]:
    return {
        "type": "curve",
        "left_out_within": round(apart, _DIGITS),
        "x_label": "false positive rate",
        "y_label": "true positive rate",
        "x": x.round(_DIGITS).tolist(),
        "y": y.round(_DIGITS).tolist(),
    }
