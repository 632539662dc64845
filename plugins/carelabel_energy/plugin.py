"""The energy test, and meters that read the figures of other tools."""

from __future__ import annotations

from typing import Any, Final

from carelabel import ANY, Meter, Parameter, Quantity, Test, hookimpl

_ANYTHING: Final[dict[str, Any]] = {"tasks": ANY, "frameworks": ANY, "families": ANY}


def _energy(name: str, unit: str, meaning: str) -> Quantity:
    return Quantity(name=name, unit=unit, better="lower", group="energy", meaning=meaning)


@hookimpl
def carelabel_tests() -> list[Test]:
    """Energy of predictions."""
    return [
        Test(
            **_ANYTHING,
            name="energy",
            summary="joules of a prediction, gross, idle and net, by the meters of this machine",
            entry="carelabel_energy.energy:run",
            group="resources",
            scope="cell",
            parameters=(
                Parameter(name="batch_size", type="int", default=64, minimum=1, description="Rows a prediction call."),
                Parameter(
                    name="seconds",
                    type="float",
                    default=1.0,
                    minimum=1.0,
                    maximum=3600.0,
                    description="Seconds of work at least; slow counters take longer for their hundred updates.",
                ),
                Parameter(
                    name="call",
                    type="str",
                    default="predict",
                    choices=("predict", "predict_proba", "decision_function"),
                    description="Which of the model's functions is called.",
                ),
            ),
            quantities=(
                _energy(
                    "energy_per_prediction",
                    "J",
                    "Energy of one row: what the machine used while it predicted, its idle share included.",
                ),
                _energy("energy_per_1000", "Wh", "Energy of a thousand rows, in watt-hours, idle share included."),
                _energy("energy_gross", "J", "Energy that the machine used while it predicted for a while."),
                _energy("energy_idle", "J", "The part of it that it would have used in that time without predicting."),
                _energy("energy_net", "J", "What predicting added to that."),
            ),
        ),
    ]


@hookimpl
def carelabel_meters() -> list[Meter]:
    """Readers of tools that users may have; none is needed, and those that model their figures say so."""
    return [
        Meter(
            **_ANYTHING,
            name="pyrapl",
            summary="energy of the processor packages, read by pyRAPL",
            entry="carelabel_energy.pyrapl:PyRaplMeter",
            requires=("pyRAPL>=0.2.3",),
            domain="package",
            grade="counter",
        ),
        Meter(
            **_ANYTHING,
            name="codecarbon",
            summary="energy of the processor as CodeCarbon states it, mostly a model of its nominal power",
            entry="carelabel_energy.codecarbon:CodeCarbonMeter",
            requires=("codecarbon>=3",),
            domain="package",
            grade="modelled",
        ),
        Meter(
            **_ANYTHING,
            name="zeus",
            summary="energy of accelerators as Zeus states it, which may be a sum over samples of their power",
            entry="carelabel_energy.zeus:ZeusMeter",
            requires=("zeus>=0.14",),
            domain="board",
            grade="modelled",
        ),
    ]
