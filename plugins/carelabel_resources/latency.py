"""Time of prediction calls over batch sizes, in rounds together with the original."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any

from carelabel.base import linux
from carelabel.measure.calls import function_of, prepare
from carelabel.measure.threads import crew, more_than_granted
from carelabel.measure.timing import Clock, calibrate, timed_turn, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carelabel import Measurement, PointRounds, TestContext
    from carelabel.plugin.interfaces import At, Samples


@dataclass(frozen=True, kw_only=True, slots=True)
class _Point:
    """One batch size, ready to be timed. `notes` goes with every turn's samples: the summary has no other source."""

    inputs: Iterator[Any]
    loops: int
    notes: Samples


class Latency:
    """A paired test: a point is a batch size, a turn 50 ms of calls, its statistic their median wall time."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._points: list[_Point] = []
        self._function: Callable[[Any], Any]

    def setup(self, context: TestContext, *, batch_sizes: Sequence[int], call: str) -> list[At]:
        """Prepare rotating inputs, warm up and calibrate loops for every batch size.

        Raises:
            CareLabelError: If the model has no such call or there are no rows.
        """
        predictor = context.live()
        self._function = function_of(predictor, call)
        self._points = []
        for batch in batch_sizes:
            ready = prepare(context, predictor, batch, self._clock)
            inputs = cycle(ready.batches)
            with crew() as workers:
                warmth = warm_up(self._function, inputs, self._clock)
            loops = calibrate(self._function, inputs, self._clock)
            notes = {
                "batch": batch,
                "batches": len(ready.batches),
                "prepare_row_s": ready.prepare_row_s,
                "rows_repeated": ready.repeated,
                "warm_up": asdict(warmth),
                "threads": linux.threads(),
                "threads_at_work": workers.count,
                "more_threads": more_than_granted(workers.count, context.platform),
            }
            self._points.append(_Point(inputs=inputs, loops=loops, notes=notes))
        return [{"batch": batch} for batch in batch_sizes]

    def turn(self, point: int) -> Samples:
        """One turn at one batch size: `carelabel.measure.timing.timed_turn` says what is in it."""
        here = self._points[point]
        return {**timed_turn(self._function, here.inputs, self._clock, loops=here.loops), **here.notes}

    def statistic(self, samples: Samples) -> float:
        """Median wall seconds of a call."""
        median: float = statistics.median(samples["wall"])
        return median

    def summarise(self, rounds: PointRounds, **_: Any) -> list[Measurement]:  # noqa: ANN401 - the parameters
        """The figures of one candidate at one batch size."""
        from carelabel_resources.latency_figures import latency_figures  # noqa: PLC0415 - numpy and scipy

        return latency_figures(rounds)
