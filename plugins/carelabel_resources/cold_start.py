"""From the start of a process to its first answer. Every turn is a process of its own."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any, Final

from carelabel import Measurement
from carelabel.measure.calls import function_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carelabel import PointRounds, TestContext
    from carelabel.plugin.interfaces import At, Samples

PARTS: Final = {
    "cold_start": "total_s",
    "cold_start_import": "import_s",
    "cold_start_load": "load_s",
    "cold_start_first_call": "first_call_s",
}
"""Quantity to the sample that it is the median of."""


class ColdStart:
    """A paired test with one point; a turn starts with a process that has loaded nothing yet."""

    def __init__(self, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Choose the clock: nanoseconds of the one that the moment of the spawn was read from."""
        self._now_ns = now_ns
        self._context: TestContext
        self._call = ""

    def setup(self, context: TestContext, *, call: str) -> list[At]:
        """Take notes; loading anything would spoil the turn."""
        self._context, self._call = context, call
        return [{}]

    def turn(self, _: int) -> Samples:
        """Load the model and answer one row."""
        context = self._context
        predictor = context.live()
        function, row = function_of(predictor, self._call), predictor.prepare(context.test.rows[:1])
        begin = self._now_ns()
        function(row)
        end = self._now_ns()
        return {
            "total_s": (end - context.spawned_ns) / 1e9,
            "import_s": context.notes.get("import_s"),
            "load_s": context.notes.get("load_s"),
            "first_call_s": (end - begin) / 1e9,
        }

    def statistic(self, samples: Samples) -> float:
        """Seconds from spawn to answer."""
        seconds: float = samples["total_s"]
        return seconds

    def summarise(self, rounds: PointRounds, **_: Any) -> list[Measurement]:  # noqa: ANN401 - the parameters
        """Medians over the processes, and the ratio to the original's."""
        figures = [_median(quantity, [turn[name] for turn in rounds.own]) for quantity, name in PARTS.items()]
        if rounds.original is None:
            return figures
        from carelabel.measure.stats import LEVEL, paired_ratio  # noqa: PLC0415 - numpy, and only the scorer comes here

        ratio = paired_ratio(
            [turn["total_s"] for turn in rounds.own], [turn["total_s"] for turn in rounds.original], seed=rounds.seed
        )
        figures.append(
            Measurement(
                quantity="cold_start_ratio",
                value=ratio.value,
                interval=ratio.interval,
                level=LEVEL if ratio.interval else None,
                n=ratio.n,
                method=ratio.method,
                reason=ratio.method if ratio.value is None else None,
            )
        )
        return figures


def _median(quantity: str, values: Sequence[float | None]) -> Measurement:
    known = [value for value in values if value is not None]
    if not known:
        return Measurement(quantity=quantity, value=None, n=0, reason="the workers did not note how long it took")
    from carelabel.measure.stats import range_coverage  # noqa: PLC0415 - numpy, and only the scorer comes here

    n = len(known)
    coverage = range_coverage(n)
    return Measurement(
        quantity=quantity,
        value=statistics.median(known),
        interval=(min(known), max(known)),
        level=coverage,
        n=n,
        method=f"median of {n} new processes; smallest to largest, which holds the median in {coverage:.1%}",
    )
