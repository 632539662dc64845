"""The call that is measured, and the prepared inputs it goes round."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carelabel.errors import CareLabelError
from carelabel.measure.rotation import rotate

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel.measure.timing import Clock
    from carelabel.plugin.interfaces import Predictor, TestContext


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Inputs in the model's own type, and what it took to bring them there.

    Attributes:
        prepare_row_s: Median seconds a row over the batches.
        repeated: Whether batches hold a row more than once.
    """

    batches: tuple[Any, ...]
    prepare_row_s: float
    repeated: bool


def function_of(predictor: Predictor, call: str) -> Callable[[Any], Any]:
    """The function to be called.

    Raises:
        CareLabelError: If the model has none of that name.
    """
    function: Callable[[Any], Any] | None = getattr(predictor, call, None)
    if function is None:
        msg = f"the parameter call must name a function of the model, which has no {call}"
        raise CareLabelError(msg, "--set call=predict works with every model")
    return function


def prepare(context: TestContext, predictor: Predictor, batch: int, clock: Clock) -> Inputs:
    """Prepare batches of test rows to go round.

    Raises:
        CareLabelError: If there are no test rows.
    """
    rows = context.test.rows
    if not len(rows):
        msg = "timings must have at least one test row, found none"
        raise CareLabelError(msg, "name a test set with rows in the metadata")
    row_bytes = rows.nbytes // len(rows)
    chosen = rotate(len(rows), batch, limit=context.timing_rows, row_bytes=row_bytes, seed=context.seed)
    batches, seconds = [], []
    for numbers in chosen.batches:
        part = rows[list(numbers)]
        start = clock.wall()
        batches.append(predictor.prepare(part))
        seconds.append((clock.wall() - start) / 1e9 / batch)
    return Inputs(batches=tuple(batches), prepare_row_s=statistics.median(seconds), repeated=chosen.repeated)
