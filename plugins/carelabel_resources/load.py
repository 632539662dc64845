"""Load times, taken in a worker that has loaded nothing yet."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from carelabel import Measurement
from carelabel.measure.timing import Clock, collection_off

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carelabel import TestContext

LEAST_FOR_INTERVAL = 6
ONCE = "once in a fresh process; no interval"


def run(context: TestContext, *, repeats: int, clock: Clock | None = None) -> list[Measurement]:
    """The first load and call of this process, then `repeats` loads with everything imported.

    Each load is closed before the next one. The first call predicts one row that was prepared before.
    """
    clock = clock or Clock()
    with collection_off():
        first_load = _timed(context.live, clock)
        predictor = context.live()
        row = predictor.prepare(context.test.rows[:1])
        first_call = _timed(lambda: predictor.predict(row), clock)
        loads = [_load(context, clock) for _ in range(repeats)]
    return [
        Measurement(quantity="first_load", value=first_load, n=1, method=ONCE),
        _import_time(context),
        Measurement(quantity="first_call", value=first_call, n=1, method=ONCE),
        _load_time(loads),
    ]


def _timed(call: Callable[[], object], clock: Clock) -> float:
    start = clock.wall()
    call()
    return (clock.wall() - start) / 1e9


def _load(context: TestContext, clock: Clock) -> float:
    start = clock.wall()
    predictor = context.load()
    seconds = (clock.wall() - start) / 1e9
    predictor.close()
    return seconds


def _import_time(context: TestContext) -> Measurement:
    """As the worker noted it when it imported the backend on the way to the first load."""
    seconds = context.notes.get("import_s")
    if seconds is None:
        reason = "the worker did not note how long its imports took"
        return Measurement(quantity="import_time", value=None, n=0, reason=reason)
    return Measurement(quantity="import_time", value=float(seconds), n=1, method=ONCE)


def _load_time(loads: Sequence[float]) -> Measurement:
    n = len(loads)
    method = f"median of {n} loads in one process"
    if n < LEAST_FOR_INTERVAL:
        method += f"; an interval needs {LEAST_FOR_INTERVAL}"
        return Measurement(quantity="load_time", value=statistics.median(loads), n=n, method=method)
    from carelabel.measure.stats import range_coverage  # noqa: PLC0415 - numpy, when nothing is measured any more

    coverage = range_coverage(n)
    return Measurement(
        quantity="load_time",
        value=statistics.median(loads),
        interval=(min(loads), max(loads)),
        level=coverage,
        n=n,
        method=f"{method}; smallest to largest, which holds the median in {coverage:.1%}",
    )
