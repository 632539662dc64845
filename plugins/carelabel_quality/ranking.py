"""Metrics of probabilities and decision scores."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn import metrics

from carelabel_quality.figure import Figure
from carelabel_quality.tables import as_plain, count_rows, quotient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_BINARY = 2
_LEAST = float(np.finfo(np.float64).eps)


def one_against_rest(
    y_true: NDArray[Any], scores: NDArray[Any], classes: NDArray[Any]
) -> Iterator[tuple[Any, NDArray[np.bool_], NDArray[np.float64]]]:
    """Each class with (n,) whether a row belongs to it and (n,) its score; of two classes the second only.

    Raises:
        ValueError: If there is not one score a class.
    """
    table, names = scores.astype(np.float64), as_plain(classes)
    if table.ndim == 1:
        table = table[:, np.newaxis]
    binary = len(names) == _BINARY
    if table.shape[1] != len(names) and not (binary and table.shape[1] == 1):
        msg = f"{len(names)} classes need a score each, got {table.shape[1]} a row"
        raise ValueError(msg)
    truth = as_plain(y_true)
    for number in [1] if binary else range(len(names)):
        yield names[number], truth == names[number], table[:, number if table.shape[1] > 1 else 0]


def _roc_auc(y_true: NDArray[Any], scores: NDArray[Any], *, classes: NDArray[Any]) -> float:
    areas = [
        float(metrics.roc_auc_score(positive, score))
        for _, positive, score in one_against_rest(y_true, scores, classes)
        if 0 < positive.sum() < len(positive)
    ]
    if not areas:
        msg = "the area under a ROC curve needs rows of at least two classes"
        raise ValueError(msg)
    return float(np.mean(areas))


def _roc_aucs(
    y_true: NDArray[Any], scores: NDArray[Any], rows: NDArray[np.intp], *, classes: NDArray[Any]
) -> NDArray[np.float64]:
    drawn = count_rows(rows, len(y_true))
    areas = np.array([areas_on_resamples(p, score, drawn) for _, p, score in one_against_rest(y_true, scores, classes)])
    defined = ~np.isnan(areas)
    total = np.where(defined, areas, 0.0).sum(axis=0)
    return quotient(total, defined.sum(axis=0), otherwise=np.nan)


def areas_on_resamples(
    positive: NDArray[np.bool_], score: NDArray[np.float64], drawn: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(r,) area under the ROC curve when row i is there drawn[r, i] times; NaN without rows of both kinds.

    The area is the share of pairs of a positive and a negative row that the score puts in order, ties counted half.
    """
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    weight = drawn[:, order]
    positives = np.add.reduceat(weight * positive[order], starts, axis=1).astype(np.float64)
    negatives = np.add.reduceat(weight, starts, axis=1) - positives
    below = np.cumsum(negatives, axis=1) - negatives
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    in_order = (positives * (below + negatives / 2)).sum(axis=1)
    return quotient(in_order, pairs, otherwise=np.nan)


def _log_loss(y_true: NDArray[Any], probabilities: NDArray[Any], *, classes: NDArray[Any]) -> float:
    names = as_plain(classes)
    _check_known(y_true, names)
    order = np.argsort(names)  # scikit-learn takes the columns to be in the order of the sorted labels
    columns = probabilities.astype(np.float64)[:, order]
    with warnings.catch_warnings():
        # Probabilities of an engine that computes in float32 sum to one within 1e-7, which is remarked upon.
        warnings.filterwarnings("ignore", message="The y_prob values do not sum to one")
        return float(metrics.log_loss(as_plain(y_true), columns, labels=names[order]))


def _log_losses(
    y_true: NDArray[Any], probabilities: NDArray[Any], rows: NDArray[np.intp], *, classes: NDArray[Any]
) -> NDArray[np.float64]:
    names = as_plain(classes)
    _check_known(y_true, names)
    order = np.argsort(names)
    column = order[np.searchsorted(names[order], as_plain(y_true))]
    own = probabilities.astype(np.float64)[np.arange(len(column)), column]
    losses = -np.log(np.clip(own, _LEAST, 1 - _LEAST))
    return np.asarray(losses[rows].mean(axis=1))


def _check_known(y_true: NDArray[Any], names: NDArray[Any]) -> None:
    unknown = np.setdiff1d(as_plain(y_true), names)
    if len(unknown):
        msg = f"every class of the truth must be one the model knows, got {unknown[:3].tolist()}"
        raise ValueError(msg)


roc_auc: Final = Figure(once=_roc_auc, on_resamples=_roc_aucs)
log_loss: Final = Figure(once=_log_loss, on_resamples=_log_losses)
