"""Metrics of predicted classes. A class that is neither in the truth nor in the prediction takes no part in a mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from sklearn import metrics

from carelabel_quality.figure import Figure
from carelabel_quality.tables import ClassCounts, as_plain, coded, count_classes, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Summary = Callable[[ClassCounts], NDArray[np.float64]]

Average = Literal["macro", "weighted"]


def _accuracy(y_true: NDArray[Any], y_pred: NDArray[Any]) -> float:
    return float(metrics.accuracy_score(as_plain(y_true), as_plain(y_pred)))


def _balanced(y_true: NDArray[Any], y_pred: NDArray[Any]) -> float:
    return float(metrics.balanced_accuracy_score(as_plain(y_true), as_plain(y_pred)))


def _averaged(function: Callable[..., Any], average: Average) -> Callable[..., float]:
    def once(y_true: NDArray[Any], y_pred: NDArray[Any]) -> float:
        return float(function(as_plain(y_true), as_plain(y_pred), average=average, zero_division=0))

    return once


def _from_counts(summary: Summary) -> Callable[..., NDArray[np.float64]]:
    def on_resamples(y_true: NDArray[Any], y_pred: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        return summary(count_classes(coded(y_true, y_pred), rows))

    return on_resamples


def _accuracies(counts: ClassCounts) -> NDArray[np.float64]:
    return ratio(counts.hits.sum(axis=1), counts.true.sum(axis=1))


def _balanced_accuracies(counts: ClassCounts) -> NDArray[np.float64]:
    return ratio(counts.recall().sum(axis=1), (counts.true > 0).sum(axis=1))


def _mean(per_class: Summary, average: Average) -> Summary:
    def summary(counts: ClassCounts) -> NDArray[np.float64]:
        weights = counts.present() if average == "macro" else counts.true
        return ratio((per_class(counts) * weights).sum(axis=1), weights.sum(axis=1))

    return summary


def _figure(function: Callable[..., Any], per_class: Summary, average: Average) -> Figure:
    return Figure(once=_averaged(function, average), on_resamples=_from_counts(_mean(per_class, average)))


accuracy: Final = Figure(once=_accuracy, on_resamples=_from_counts(_accuracies), is_share=True)
balanced_accuracy: Final = Figure(once=_balanced, on_resamples=_from_counts(_balanced_accuracies))
precision_macro: Final = _figure(metrics.precision_score, ClassCounts.precision, "macro")
precision_weighted: Final = _figure(metrics.precision_score, ClassCounts.precision, "weighted")
recall_macro: Final = _figure(metrics.recall_score, ClassCounts.recall, "macro")
recall_weighted: Final = _figure(metrics.recall_score, ClassCounts.recall, "weighted")
f1_macro: Final = _figure(metrics.f1_score, ClassCounts.f1, "macro")
f1_weighted: Final = _figure(metrics.f1_score, ClassCounts.f1, "weighted")
