"""Metrics of predicted values. Several outputs count alike: the mean over outputs, and of max-error the largest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn import metrics

from carelabel_quality.figure import Figure
from carelabel_quality.tables import count_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _errors(y_true: NDArray[Any], y_pred: NDArray[Any]) -> NDArray[np.float64]:
    """(n, outputs) absolute errors."""
    shape = (len(y_true), -1)
    return np.abs(y_true.astype(np.float64).reshape(shape) - y_pred.astype(np.float64).reshape(shape))


def _check_not_zero(y_true: NDArray[Any]) -> None:
    if np.any(y_true == 0):
        msg = f"an error relative to the truth needs a truth without zeros, got {int(np.sum(y_true == 0))}"
        raise ValueError(msg)


def _mape(y_true: NDArray[Any], y_pred: NDArray[Any]) -> float:
    _check_not_zero(y_true)
    return float(metrics.mean_absolute_percentage_error(y_true, y_pred))


def _r2(y_true: NDArray[Any], y_pred: NDArray[Any]) -> float:
    if np.any(np.ptp(y_true.reshape(len(y_true), -1), axis=0) == 0):
        msg = "explained variance needs at least two different values in the truth"
        raise ValueError(msg)
    return float(metrics.r2_score(y_true, y_pred))


def _max_error(y_true: NDArray[Any], y_pred: NDArray[Any]) -> float:
    columns = zip(y_true.reshape(len(y_true), -1).T, y_pred.reshape(len(y_pred), -1).T, strict=True)
    return max(float(metrics.max_error(true, predicted)) for true, predicted in columns)


def _mses(y_true: NDArray[Any], y_pred: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.asarray((_errors(y_true, y_pred) ** 2).mean(axis=1)[rows].mean(axis=1))


def _rmses(y_true: NDArray[Any], y_pred: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    squares = _errors(y_true, y_pred) ** 2
    return np.asarray(np.mean([np.sqrt(column[rows].mean(axis=1)) for column in squares.T], axis=0))


def _maes(y_true: NDArray[Any], y_pred: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.asarray(_errors(y_true, y_pred).mean(axis=1)[rows].mean(axis=1))


def _max_errors(y_true: NDArray[Any], y_pred: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.asarray(_errors(y_true, y_pred).max(axis=1)[rows].max(axis=1))


def _mapes(y_true: NDArray[Any], y_pred: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    _check_not_zero(y_true)
    relative = _errors(y_true, y_pred) / np.abs(y_true.astype(np.float64).reshape(len(y_true), -1))
    return np.asarray(relative.mean(axis=1)[rows].mean(axis=1))


def _r2s(y_true: NDArray[Any], y_pred: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    drawn = count_rows(rows, len(y_true)).astype(np.float64)
    truth = y_true.astype(np.float64).reshape(len(y_true), -1)
    truth = truth - truth.mean(axis=0)  # about zero, so that the difference of squares below loses no digits
    n = rows.shape[1]
    residual = drawn @ (_errors(y_true, y_pred) ** 2)
    spread = drawn @ truth**2 - (drawn @ truth) ** 2 / n
    held = drawn > 0
    constant = np.array([[np.ptp(column[one]) == 0 for column in truth.T] for one in held])
    share = np.divide(residual, spread, out=np.full(spread.shape, np.nan), where=~constant)
    return np.asarray((1 - share).mean(axis=1))


mse: Final = Figure(once=metrics.mean_squared_error, on_resamples=_mses)
rmse: Final = Figure(once=metrics.root_mean_squared_error, on_resamples=_rmses)
mae: Final = Figure(once=metrics.mean_absolute_error, on_resamples=_maes)
max_error: Final = Figure(
    once=_max_error, on_resamples=_max_errors, no_interval="no resample has a larger error than the rows that were seen"
)
mape: Final = Figure(once=_mape, on_resamples=_mapes)
r2: Final = Figure(once=_r2, on_resamples=_r2s)
