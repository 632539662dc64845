"""Energy of predictions."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

from carelabel import Measurement, NotMeasured
from carelabel.measure.calls import function_of, prepare
from carelabel.measure.contention import contended
from carelabel.measure.energy import LEAST_UPDATES, Energy, Workload, measure_energy, seconds_needed
from carelabel.measure.threads import crew, more_than_granted
from carelabel.measure.timing import Clock, warm_up
from carelabel_energy.choice import Choice, choose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel import TestContext

WH: Final = 3600.0
UNSTEADY: Final = 0.2
"""Difference of idle power before and after, as a share of their mean, above which something else was going on."""


def run(
    context: TestContext, *, batch_size: int, seconds: float, call: str, clock: Clock | None = None
) -> list[Measurement]:
    """Loop the model between two idle times, and report joules; without a meter one figure, null with the reason.

    Raises:
        CareLabelError: If the model has no such call or there are no rows.
    """
    clock = clock or Clock()
    meters = context.meters()
    chosen = choose({name: meter.probe() for name, meter in meters.items()}, context.meter_facts, context.platform.tags)
    if isinstance(chosen, NotMeasured):
        return [_nothing(chosen, batch_size)]
    used = {name: meters[name] for name in chosen.meters.values()}
    predictor = context.live()
    function = function_of(predictor, call)
    inputs = cycle(prepare(context, predictor, batch_size, clock).batches)
    with crew() as workers:
        warm_up(function, inputs, clock)
    workload = measure_energy(function, inputs, used, clock, seconds_needed(used, seconds))
    lost = next((found for found in workload.energy.values() if isinstance(found, NotMeasured)), None)
    if lost is not None:
        return [_nothing(lost, batch_size)]
    measured = {name: found for name, found in workload.energy.items() if isinstance(found, Energy)}
    parts = {domain: measured[name] for domain, name in chosen.meters.items()}
    figures = _figures(workload, parts, chosen, batch_size)
    crowded = more_than_granted(workers.count, context.platform)
    return [replace(figure, flags=(*figure.flags, "more-threads")) for figure in figures] if crowded else figures


def _nothing(why: NotMeasured, batch: int) -> Measurement:
    hint = f" ({why.hint})" if why.hint else ""
    reason = f"{why.code}: {why.text}{hint}"
    return Measurement(quantity="energy_per_prediction", value=None, at={"batch": batch}, n=0, reason=reason)


def _figures(workload: Workload, parts: Mapping[str, Energy], chosen: Choice, batch: int) -> list[Measurement]:
    gross, idle = sum(part.gross_j for part in parts.values()), sum(part.idle_j for part in parts.values())
    rows = workload.calls * batch
    method = (
        f"{', '.join(chosen.meters.values())} over {workload.seconds:.3g} s of calls, at least {LEAST_UPDATES} counter "
        f"updates; idle power from as long before and after; once, no interval"
    )
    if chosen.missing:
        method += f"; without {', '.join(chosen.missing)}"
    values = {
        "energy_per_prediction": gross / rows,
        "energy_per_1000": 1000 * gross / rows / WH,
        "energy_gross": gross,
        "energy_idle": idle,
        "energy_net": gross - idle,
    }
    common = Measurement(
        quantity="", value=0, at={"batch": batch}, n=1, method=method, grade=chosen.grade, flags=_flags(workload, parts)
    )
    found = [replace(common, quantity=name, value=value) for name, value in values.items()]
    return [replace(found[0], detail=_detail(workload, parts, rows)), *found[1:]]


def _flags(workload: Workload, parts: Mapping[str, Energy]) -> tuple[str, ...]:
    apart = sum(abs(part.before.watts - part.after.watts) for part in parts.values())
    usual = sum(part.idle_w for part in parts.values())
    marks = {
        "contended": contended(workload.wait_share),
        "idle-unsteady": apart > UNSTEADY * usual,
        "below-idle": sum(part.gross_j - part.idle_j for part in parts.values()) < 0.0,
    }
    return tuple(mark for mark, holds in marks.items() if holds)


def _detail(workload: Workload, parts: Mapping[str, Energy], rows: int) -> dict[str, Any]:
    return {
        "type": "energy",
        "predictions": rows,
        "seconds": workload.seconds,
        "wait_share": workload.wait_share,
        "gross_j": {domain: dict(part.busy.joules) for domain, part in parts.items()},
        "idle_w_before": {domain: part.before.watts for domain, part in parts.items()},
        "idle_w_after": {domain: part.after.watts for domain, part in parts.items()},
    }
