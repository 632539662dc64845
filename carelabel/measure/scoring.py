"""Quality figures with bootstrap intervals, from truth and predictions. Runs in the scorer."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.measure.proportions import clopper_pearson
from carelabel.plugin.interfaces import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from carelabel.plan import PlannedTest
    from carelabel.plugin.interfaces import ScoreContext

LEVEL: Final = 0.95
LEAST_DEFINED: Final = 0.5
"""Share of resamples on which a metric must be defined for their percentiles to stand for anything."""
CHUNK: Final = 1_000_000
"""Row numbers drawn at once: 8 MB, however many rows and resamples there are."""
ROUNDING: Final = 1e-5
"""How far float32 sums leave probabilities outside [0, 1]: 100 trees give 1.0000001."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Inputs:
    """What a metric gets, row by row: the truth (or the features), the predictions and keyword arguments.

    Attributes:
        remark: What was done to the predictions before, for the method.
    """

    first: NDArray[Any]
    second: NDArray[Any]
    keywords: Mapping[str, Any]
    remark: str = ""

    def rows(self, index: NDArray[np.intp]) -> _Inputs:
        return _Inputs(first=self.first[index], second=self.second[index], keywords=self.keywords)


def score_metric(
    spec: PlannedTest, function: Callable[..., float], context: ScoreContext, *, level: float = LEVEL
) -> list[Measurement]:
    """One metric of one candidate with a percentile bootstrap interval over rows.

    The metric is called as ``function(y_true, y_pred, *, classes=..., **parameters)``: truth (or, for a metric on
    features, the (n, ...) feature array) and predictions in the original labels; ``classes`` comes only where
    the record's input is probabilities (n, k) or scores, and is in the order of the columns.

    Three attributes of the function say more, where it has them. ``is_share`` is true when the figure is a share of
    rows: then an exact interval stands in where every resample gives the same. ``no_interval`` says why resampling says
    nothing about the figure. A metric that can do many resamples at once has ``on_resamples``, called as
    ``function.on_resamples(y_true, y_pred, rows, **keywords)`` with rows (r, n) of row numbers, which gives (r,)
    figures, NaN where it is not defined. Without it the metric itself is called for every resample.

    Args:
        spec: The metric as planned.
        function: The metric's code. A ValueError means that it is not defined on the rows given.
        context: Predictions, data, number of resamples and seed; every candidate gets the same resamples.
        level: Coverage of the interval.

    Returns:
        One measurement. Its value is None with a reason when the candidate lacks what the metric needs, when the
        metric is not defined on these rows, or when it is not finite.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13 (percentile interval).
    """
    metric = spec.metric or {}
    quantity = str(spec.quantities[0]["name"])
    inputs = _inputs(metric, dict(spec.parameters), context)
    if isinstance(inputs, str):
        return [Measurement(quantity=quantity, value=None, reason=inputs)]
    n = len(inputs.second)
    value, problem = _try(function, inputs)
    if problem is not None:
        return [Measurement(quantity=quantity, value=None, n=n, reason=problem)]
    interval, method = _interval(function, inputs, context, value, level)
    return [
        Measurement(
            quantity=quantity,
            value=value,
            interval=interval,
            level=level if interval else None,
            n=n,
            method=f"{metric.get('name', quantity)} on {n} test rows{inputs.remark}; {method}",
        )
    ]


def _inputs(metric: Mapping[str, Any], keywords: dict[str, Any], context: ScoreContext) -> _Inputs | str:
    """The metric's arguments, or why there are none."""
    wanted, predictions = metric.get("input", "labels"), context.predictions
    answers = {"probabilities": predictions.probabilities, "scores": predictions.decision}
    second = answers.get(wanted, predictions.labels)
    if second is None:
        return f"the candidate gives no {'decision scores' if wanted == 'scores' else wanted}"
    if wanted in answers:
        keywords["classes"] = np.asarray(context.facts.classes)
    first = context.test.rows.array() if metric.get("on_features") else context.test.target
    if first is None:
        return "the test data have no target"
    if len(first) != len(second):
        return f"{len(second)} answers for {len(first)} rows"
    if len(first) == 0:
        return "there are no test rows"
    remark = ""
    if wanted == "probabilities":
        second, remark = without_rounding(second)
    elif wanted not in answers:
        second = _flat(second)
    return _Inputs(first=_flat(first), second=second, keywords=keywords, remark=remark)


def without_rounding(probabilities: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """Probabilities without what float32 sums leave behind, and a remark when something was done.

    Values at most `ROUNDING` outside [0, 1] are clipped. Anything worse is an error of the model and stays for the
    metric to see. Rows are not divided by their sums: that would break ties, which curves depend on, to gain 1e-7.

    Args:
        probabilities: (n, k), or (n,) of the second of two classes.
    """
    if probabilities.dtype.kind != "f" or not probabilities.size:
        return probabilities, ""
    off = max(-float(np.min(probabilities)), float(np.max(probabilities)) - 1.0)
    if not 0.0 < off <= ROUNDING:
        return probabilities, ""
    return np.clip(probabilities, 0.0, 1.0), f", probabilities up to {off:.0e} outside [0, 1] clipped"


def _flat(values: NDArray[Any]) -> NDArray[Any]:
    """One column is a vector: (n, 1) would be taken for several outputs, or broadcast against (n,)."""
    column = values.ndim == 2 and values.shape[1] == 1  # noqa: PLR2004 - dimensions of a table
    return values[:, 0] if column else values


def _try(function: Callable[..., float], inputs: _Inputs) -> tuple[float, str | None]:
    """The metric's value and nothing, or NaN and the reason."""
    n = len(inputs.second)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is not defined shows in the value
            value = float(function(inputs.first, inputs.second, **inputs.keywords))
    except (ValueError, ArithmeticError) as error:
        text = " ".join(str(error).split())[:200]
        return math.nan, f"not defined on these {n} rows: {text or type(error).__name__}"
    return value, None if math.isfinite(value) else f"the figure is {value} on these {n} rows"


def resampled_rows(n: int, resamples: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Row numbers drawn with replacement, (r, n) at a time: the same for every metric and every candidate."""
    random = np.random.default_rng((seed, n))
    at_once = max(1, CHUNK // n)
    for first in range(0, resamples, at_once):
        yield random.integers(0, n, size=(min(at_once, resamples - first), n))


def _on_resamples(function: Callable[..., float], inputs: _Inputs, context: ScoreContext) -> NDArray[np.float64]:
    """(resamples,) the metric on each resample, NaN where it is not defined."""
    many = getattr(function, "on_resamples", None)
    parts: list[NDArray[np.float64]] = []
    for rows in resampled_rows(len(inputs.second), context.resamples, context.seed):
        if many is None:
            part = [_try(function, inputs.rows(index))[0] for index in rows]
        else:
            part = many(inputs.first, inputs.second, rows, **inputs.keywords)
        parts.append(np.asarray(part, dtype=np.float64))
    return np.concatenate(parts)


def _interval(
    function: Callable[..., float], inputs: _Inputs, context: ScoreContext, value: float, level: float
) -> tuple[tuple[float, float] | None, str]:
    n = len(inputs.second)
    if n < 2:  # noqa: PLR2004 - there is nothing to resample
        return None, "no interval from one row"
    if why := getattr(function, "no_interval", ""):
        return None, f"no interval: {why}"
    found = _on_resamples(function, inputs, context)
    defined = found[np.isfinite(found)]
    lost = len(found) - len(defined)
    if len(defined) < LEAST_DEFINED * len(found):
        return None, f"no interval: not defined on {lost} of {len(found)} resamples"
    if defined.min() == defined.max():
        return without_spread(round(value * n) if getattr(function, "is_share", False) else None, n, level)
    low, high = np.quantile(defined, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    left_out = f", {lost} of them left out where it is not defined" if lost else ""
    return (float(low), float(high)), f"percentile bootstrap over rows, {len(found)} resamples{left_out}"


def without_spread(successes: int | None, n: int, level: float = LEVEL) -> tuple[tuple[float, float] | None, str]:
    """What is known of a figure that is the same on every resample, such as that of a model without an error.

    Resampling says nothing then: rows that were not seen can still be wrong. Of a share the exact bounds hold.

    Args:
        successes: Rows that count, of `n`, where the figure is a share of rows; else None.
    """
    if successes is None:
        return None, "no interval: the same on every resample, which says nothing about other rows"
    return clopper_pearson(successes, n, level), "exact interval of a share (Clopper and Pearson)"
