"""Memory that a prediction asks for, seen by memray: requested bytes, whether or not they are ever touched."""

from __future__ import annotations

from importlib.metadata import version
from itertools import cycle, islice
from typing import TYPE_CHECKING

from carelabel import Measurement
from carelabel.measure.calls import function_of, prepare
from carelabel.measure.timing import Clock

if TYPE_CHECKING:
    from carelabel import TestContext

CALLS = 3


def run(context: TestContext, *, batch_size: int, call: str) -> list[Measurement]:
    """Track the first predictions of a fresh worker; tracking slows them down, so nothing else is measured here."""
    import memray  # noqa: PLC0415 - only where it was asked for

    predictor = context.live()
    function = function_of(predictor, call)
    inputs = list(islice(cycle(prepare(context, predictor, batch_size, Clock()).batches), CALLS))
    record = context.scratch / "memray.bin"
    record.unlink(missing_ok=True)
    with memray.Tracker(record, native_traces=False):
        for item in inputs:
            function(item)
    reader = memray.FileReader(record)
    peak, allocations = int(reader.metadata.peak_memory), int(reader.metadata.total_allocations)
    reader.close()
    record.unlink()
    tool = f"memray {version('memray')}"
    steps = "Python's allocator asks in steps of 1 MiB"  # which may or may not be due during these calls
    method = f"{tool} over the first {CALLS} calls of a fresh process; peak of the bytes requested; {steps}"
    at = {"batch": batch_size}
    return [
        Measurement(quantity="peak_requested", value=peak, at={**at}, n=1, method=method),
        Measurement(
            quantity="allocations",
            value=allocations // CALLS,
            at={**at},
            n=CALLS,
            method=f"{tool}; calls of an allocator over {CALLS} predictions, divided by {CALLS}",
        ),
    ]
