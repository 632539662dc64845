"""Checks of metrics: computed on small inputs whose best answer is known."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, Final

from carelabel.plugin.records import ANY, Metric
from carelabel.testing.entry import accepts, code_of
from carelabel.testing.result import Candidate, Check, CheckSkipped, must

if TYPE_CHECKING:
    from carelabel.testing.samples import Sample

_CLOSE: Final = 1e-6
_PREDICTION_WORDS: Final = ("pred", "score", "prob")


def signature(candidate: Candidate) -> None:
    """The scorer's call fits, and the truth comes first."""
    function = code_of(candidate.record)
    passed = ("classes",) if candidate.record.input in {"probabilities", "scores"} else ()
    accepts(function, 2, (*passed, *candidate.defaults()), "metric(y_true, y_pred, **parameters)")
    first, second = list(inspect.signature(function).parameters)[:2]
    swapped = "true" in second.lower() or any(word in first.lower() for word in _PREDICTION_WORDS)
    must(not swapped, f"the arguments are called {first}, {second}")


def finite(candidate: Candidate) -> None:
    """Ordinary inputs have a value."""
    for sample in _samples(candidate):
        for answer, what in ((sample.perfect, "a perfect answer"), (sample.worse, "an answer with mistakes")):
            if answer is not None:
                value = _value(candidate, sample, answer)
                must(math.isfinite(value), f"{value!r} for {what} on {sample.name}")


def in_range(candidate: Candidate) -> None:
    """The declared range holds."""
    record: Metric = candidate.record
    low, high = record.range
    must(low < high, f"range is {record.range}")
    for sample in _samples(candidate):
        for answer in (sample.perfect, sample.worse):
            if answer is not None:
                value = _value(candidate, sample, answer)
                must(low - _CLOSE <= value <= high + _CLOSE, f"{value!r} on {sample.name}, range is {record.range}")


def perfect_is_best(candidate: Candidate) -> None:
    """A perfect answer reaches the good end of the range, and mistakes do not go beyond it."""
    record: Metric = candidate.record
    best = record.range[1] if record.better == "higher" else record.range[0]
    sign = 1.0 if record.better == "higher" else -1.0
    samples = [sample for sample in _samples(candidate) if sample.perfect is not None]
    if not samples:
        msg = "nothing is known to be best for a metric on features"
        raise CheckSkipped(msg)
    for sample in samples:
        value, worse = (_value(candidate, sample, answer) for answer in (sample.perfect, sample.worse))
        if math.isfinite(best):
            must(abs(value - best) <= _CLOSE, f"{value!r} for a perfect answer on {sample.name}, best is {best!r}")
        must(
            sign * value >= sign * worse - _CLOSE,
            f"{value!r} for a perfect answer on {sample.name}, {worse!r} for a worse",
        )


def deterministic(candidate: Candidate) -> None:
    """The same input gives the same value and is left as it was."""
    for sample in _samples(candidate):
        first, answer = sample.first.copy(), sample.worse.copy()
        value = _value(candidate, sample, sample.worse)
        same = (first == sample.first).all() and (answer == sample.worse).all()
        must(bool(same), f"the metric changed its input on {sample.name}")
        again = _value(candidate, sample, sample.worse)
        must(value == again, f"{value!r}, then {again!r} on {sample.name}")


def resamples_alike(candidate: Candidate) -> None:
    """The fast way through many resamples gives what the plain way gives."""
    function = code_of(candidate.record)
    if not hasattr(function, "on_resamples"):
        msg = "it has no on_resamples"
        raise CheckSkipped(msg)
    import numpy as np  # noqa: PLC0415 - as below

    for sample in _samples(candidate):
        n = len(sample.first)
        rows = np.stack([np.arange(n), np.arange(n)[::-1]])
        keywords = {**sample.keywords(), **candidate.defaults()}
        figures = np.asarray(function.on_resamples(sample.first, sample.worse, rows, **keywords))
        must(figures.shape == (2,), f"the shape {figures.shape} for two resamples of {sample.name}, not (2,)")
        plain = _value(candidate, sample, sample.worse)
        must(
            bool(np.allclose(figures, plain, rtol=0.0, atol=_CLOSE)), f"{figures!r} on {sample.name}, plainly {plain!r}"
        )


def _samples(candidate: Candidate) -> list[Sample]:
    from carelabel.testing.samples import TASKS, metric_samples  # noqa: PLC0415 - imports numpy

    record: Metric = candidate.record
    tasks = TASKS if record.tasks == ANY else sorted(record.tasks)
    found = [s for task in tasks for s in metric_samples(task, record.input, on_features=record.on_features)]
    if not found:
        msg = f"the kit has no inputs for {record.input} of {', '.join(sorted(record.tasks))}"
        raise CheckSkipped(msg)
    return found


def _value(candidate: Candidate, sample: Sample, answer: Any) -> float:  # noqa: ANN401 - an array; numpy is not imported here
    value = code_of(candidate.record)(sample.first, answer, **sample.keywords(), **candidate.defaults())
    must(getattr(value, "shape", ()) == (), f"{value!r} on {sample.name}, not one number")
    return float(value)


CHECKS: Final = (
    Check(
        name="metric-signature",
        sentence="a metric must take (y_true, y_pred) in this order and its declared parameters",
        kind=Metric,
        run=signature,
    ),
    Check(
        name="metric-finite", sentence="a metric must be a finite number on ordinary inputs", kind=Metric, run=finite
    ),
    Check(name="metric-range", sentence="a metric must stay within its declared range", kind=Metric, run=in_range),
    Check(
        name="metric-perfect",
        sentence="a perfect answer must have the best value of the declared range",
        kind=Metric,
        run=perfect_is_best,
    ),
    Check(
        name="metric-resamples",
        sentence="on_resamples must give what the metric itself gives",
        kind=Metric,
        run=resamples_alike,
    ),
    Check(
        name="metric-deterministic",
        sentence="a metric must give the same value for the same input and leave the input as it is",
        kind=Metric,
        run=deterministic,
    ),
)
