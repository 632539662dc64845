"""Tests that count true against predicted classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics

from carelabel.plugin.interfaces import Measurement
from carelabel_quality.shown import LEVEL, bootstrap, most_frequent, plain
from carelabel_quality.tables import all_rows, as_plain, coded, count_classes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from carelabel.plugin.interfaces import ScoreContext
    from carelabel_quality.tables import ClassCounts, Coded

REST = "(other)"
_FIGURES = ("precision", "recall", "f1")


def confusion_matrix(context: ScoreContext, classes_shown: int = 50) -> Iterator[Measurement]:
    """Counts of true (rows) by predicted (columns) class in the detail, and the share of rows off the diagonal.

    Classes beyond the most frequent ones are counted together as ``(other)``.
    """
    labels = _labels(context)
    shown, remark = most_frequent(labels.true, np.arange(len(labels.classes)), classes_shown)
    place = np.full(len(labels.classes), len(shown))
    place[shown] = np.arange(len(shown))
    names = [plain(labels.classes[number]) for number in shown]
    if remark:
        names.append(REST)
    k = len(names)
    matrix = np.bincount(place[labels.true] * k + place[labels.predicted], minlength=k * k).reshape(k, k)
    wrong = labels.true != labels.predicted
    share = (int(wrong.sum()), len(wrong))
    interval, how = bootstrap(context, len(wrong), lambda rows: wrong[rows].mean(axis=1)[:, np.newaxis], [share])[0]
    yield Measurement(
        quantity="error_rate",
        value=float(wrong.mean()),
        interval=interval,
        level=LEVEL if interval else None,
        n=len(wrong),
        method=how + remark,
        detail={"type": "matrix", "rows": "true", "columns": "predicted", "classes": names, "values": matrix.tolist()},
    )


def per_class(context: ScoreContext, classes_shown: int = 50) -> Iterator[Measurement]:
    """Precision, recall and F1 of each class of the truth or the prediction; 0 where the quotient has divisor 0."""
    labels = _labels(context)
    n = len(labels.true)
    shown, remark = most_frequent(labels.true, np.arange(len(labels.classes)), classes_shown)
    figures = metrics.precision_recall_fscore_support(
        labels.true, labels.predicted, labels=list(range(len(labels.classes))), zero_division=0
    )
    counts = count_classes(labels, all_rows(n))
    intervals = bootstrap(context, n, lambda drawn: _table(count_classes(labels, drawn)), _shares(counts))
    for column, name in enumerate(_FIGURES):
        for number in shown:
            interval, how = intervals[column * len(labels.classes) + number]
            yield Measurement(
                quantity=name,
                value=float(figures[column][number]),
                at={"class": plain(labels.classes[number])},
                interval=interval,
                level=LEVEL if interval else None,
                n=int(counts.true[0][number]),
                method=f"n counts the rows of the class among {n}; {how}{remark}",
            )


def _shares(counts: ClassCounts) -> list[tuple[int, int] | None]:
    """Of a class's precision its hits and the rows that were given it, of its recall its hits and its rows."""
    hits = counts.hits[0]
    divisors = (counts.predicted[0], counts.true[0])
    of = [(int(hit), int(rows)) for each in divisors for hit, rows in zip(hits, each, strict=True)]
    return [*of, *([None] * len(hits))]


def _table(counts: ClassCounts) -> NDArray[np.float64]:
    return np.concatenate([counts.precision(), counts.recall(), counts.f1()], axis=1)


def _labels(context: ScoreContext) -> Coded:
    return coded(_column(context.test.target), _column(context.predictions.labels))


def _column(values: Any) -> NDArray[Any]:  # noqa: ANN401 - None when there is no target, which `needs` rules out
    array = as_plain(np.asarray(values))
    return array[:, 0] if array.ndim > 1 and array.shape[1] == 1 else array
