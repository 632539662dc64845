"""ROC curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics

from carelabel.plugin.protocols import Measurement
from carelabel_quality.ranking import areas_on_resamples, one_against_rest
from carelabel_quality.shown import LEVEL, bootstrap, how, most_frequent, plain
from carelabel_quality.tables import as_plain, count_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from carelabel.plugin.protocols import ScoreContext

_BINARY = 2
_DIGITS = 6


def roc_curve(context: ScoreContext, classes_shown: int = 50, points: int = 100) -> Iterator[Measurement]:
    """A curve a class against the rest, of two classes the second's alone; the area is of all points.

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
    interval = bootstrap(
        context, n, lambda rows: areas_on_resamples(positive, score, count_rows(rows, n))[:, np.newaxis]
    )[0]
    kept = np.unique(np.linspace(0, len(x) - 1, min(points, len(x))).round().astype(int))
    return Measurement(
        quantity="roc_auc_of_class",
        value=float(metrics.roc_auc_score(positive, score)),
        at={"class": name},
        interval=interval,
        level=LEVEL if interval else None,
        n=n,
        method=f"{members} rows of the class among {n}; {how(interval, context.resamples)}{remark}",
        detail=_detail(x[kept], y[kept]),
    )


def _detail(x: NDArray[Any], y: NDArray[Any]) -> dict[str, Any]:
    return {
        "type": "curve",
        "x_label": "false positive rate",
        "y_label": "true positive rate",
        "x": x.round(_DIGITS).tolist(),
        "y": y.round(_DIGITS).tolist(),
    }
