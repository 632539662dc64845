"""Memory of a model in a worker that has loaded nothing yet."""

from __future__ import annotations

import statistics
from functools import partial
from itertools import cycle, islice
from typing import TYPE_CHECKING

from carelabel import Measurement
from carelabel.measure.calls import function_of, prepare
from carelabel.measure.memory import Peak, Reader, peak_of
from carelabel.measure.timing import Clock, warm_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carelabel import TestContext
    from carelabel.plugin.interfaces import At

REPEATS = 6


def run(
    context: TestContext, *, batch_size: int, call: str, reader: Reader | None = None, clock: Clock | None = None
) -> list[Measurement]:
    """Resident after load, peak of the very first prediction, and peaks of later ones after a warm-up.

    Inputs are prepared before; what they take counts to none of the figures.
    """
    reader, clock = reader or Reader(), clock or Clock()
    bare = context.notes.get("bare_bytes") or reader.resident()
    predictor = context.live()
    loaded = reader.resident()
    function = function_of(predictor, call)
    inputs = cycle(prepare(context, predictor, batch_size, clock).batches)
    at: At = {"batch": batch_size}
    _, first = peak_of(lambda: function(next(inputs)), reader)
    warm_up(function, inputs, clock)
    later = [peak_of(partial(function, item), reader)[1] for item in islice(inputs, REPEATS)]
    return [_resident(bare, loaded), _single("peak_first_predict", first, at), _steady(later, at)]


def _resident(bare: int | None, loaded: int | None) -> Measurement:
    if bare is None or loaded is None:
        reason = "this system does not tell a process its resident memory"
        return Measurement(quantity="resident_after_load", value=None, n=0, reason=reason)
    method = f"VmRSS after load minus the {bare} B of a bare worker; once, no interval"
    return Measurement(quantity="resident_after_load", value=max(0, loaded - bare), n=1, method=method)


def _single(quantity: str, peak: Peak, at: At) -> Measurement:
    method = f"{peak.method}; once in a fresh process, no interval"
    return Measurement(quantity=quantity, value=peak.bytes, at=at, n=1, method=method, reason=peak.reason)


def _steady(peaks: Sequence[Peak], at: At) -> Measurement:
    values = [peak.bytes for peak in peaks if peak.bytes is not None]
    if len(values) < REPEATS:
        unknown = next(peak for peak in peaks if peak.bytes is None)
        return _single("peak_steady", unknown, at)
    from carelabel.measure.stats import range_coverage  # noqa: PLC0415 - numpy, when nothing is measured any more

    return Measurement(
        quantity="peak_steady",
        value=statistics.median(values),
        at=at,
        interval=(min(values), max(values)),
        level=range_coverage(REPEATS),
        n=REPEATS,
        method=f"{peaks[0].method}; median of {REPEATS} calls after warm-up, smallest to largest",
    )
