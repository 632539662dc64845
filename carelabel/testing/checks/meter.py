"""Checks of meters."""

from __future__ import annotations

import math
from typing import Any, Final

from carelabel.plugin.interfaces import NotMeasured
from carelabel.plugin.records import Meter
from carelabel.testing.entry import code_of, has_methods
from carelabel.testing.result import Candidate, Check, CheckSkipped, must


def methods(candidate: Candidate) -> None:
    """A worker can drive it."""
    has_methods(code_of(candidate.record)(), ("probe", "start", "stop"), "a meter")


def probes(candidate: Candidate) -> None:
    """It says what it has here."""
    _sensors(code_of(candidate.record)())


def counts(candidate: Candidate) -> None:
    """What it counts is an energy."""
    meter = code_of(candidate.record)()
    sensors = _sensors(meter)
    if isinstance(sensors, NotMeasured):
        raise CheckSkipped(sensors.text)
    meter.start()
    joules = meter.stop()
    if isinstance(joules, NotMeasured):
        raise CheckSkipped(joules.text)
    must(
        bool(joules) and all(math.isfinite(value) and value >= 0 for value in joules.values()), f"stop gave {joules!r}"
    )


def _sensors(meter: Any) -> tuple[str, ...] | NotMeasured:  # noqa: ANN401 - a stranger's object
    answer = meter.probe()
    if isinstance(answer, NotMeasured):
        must(bool(answer.code and answer.text), f"probe gave {answer!r}, without code or text")
        return answer
    names = isinstance(answer, tuple) and bool(answer) and all(isinstance(name, str) for name in answer)
    must(names, f"probe gave {answer!r}, not a tuple of names and not NotMeasured")
    return tuple(answer)


CHECKS: Final = (
    Check(name="meter-methods", sentence="a meter must have probe, start and stop", kind=Meter, run=methods),
    Check(name="meter-probe", sentence="probe must name sensors or say why there are none", kind=Meter, run=probes),
    Check(name="meter-joules", sentence="stop must give joules, finite and not negative", kind=Meter, run=counts),
)
