"""The tests of time, memory and size."""

from __future__ import annotations

from typing import Any, Final

from carelabel import ANY, Parameter, Test, hookimpl
from carelabel_resources import figures

BATCH_SIZES: Final = (1, 16, 32, 64, 128)

_COMMON: Final[dict[str, Any]] = {"tasks": ANY, "frameworks": ANY, "families": ANY, "group": "resources"}

_BATCH_SIZE: Final = Parameter(
    name="batch_size", type="int", default=128, minimum=1, description="Rows a prediction call."
)
_CALL: Final = Parameter(
    name="call",
    type="str",
    default="predict",
    choices=("predict", "predict_proba", "decision_function"),
    description="Which of the model's functions is called.",
)


@hookimpl
def carelabel_tests() -> list[Test]:
    """Latency with throughput, load times, size, parameters and memory."""
    return [_latency(), _load(), _size(), _parameters(), _memory()]


def _latency() -> Test:
    sizes = Parameter(
        name="batch_sizes", type="list[int]", default=list(BATCH_SIZES), minimum=1, description="Rows a call."
    )
    return Test(
        **_COMMON,
        name="latency",
        summary="time of a prediction call and rows a second over batch sizes, paired with the original",
        entry="carelabel_resources.latency:Latency",
        scope="cell",
        style="paired",
        place="candidate",
        parameters=(sizes, _CALL),
        quantities=figures.LATENCY,
    )


def _load() -> Test:
    repeats = Parameter(
        name="repeats", type="int", default=6, minimum=1, maximum=1000, description="How often the model is loaded."
    )
    return Test(
        **_COMMON,
        name="load",
        summary="time to load the model, to import its libraries, and of the first call",
        entry="carelabel_resources.load:run",
        scope="candidate",
        place="fresh",
        parameters=(repeats,),
        quantities=figures.LOAD,
    )


def _size() -> Test:
    return Test(
        **_COMMON,
        name="size",
        summary="bytes of the model on disk",
        entry="carelabel_resources.size:run",
        scope="candidate",
        cost="cheap",
        quantities=figures.SIZE,
    )


def _parameters() -> Test:
    return Test(
        **_COMMON,
        name="parameters",
        summary="number of learned parameters",
        entry="carelabel_resources.parameters:run",
        scope="candidate",
        cost="cheap",
        quantities=figures.PARAMETERS,
    )


def _memory() -> Test:
    return Test(
        **_COMMON,
        name="memory",
        summary="memory of the loaded model and its peaks while predicting",
        entry="carelabel_resources.memory:run",
        scope="cell",
        place="fresh",
        parameters=(_BATCH_SIZE, _CALL),
        quantities=figures.MEMORY,
    )
