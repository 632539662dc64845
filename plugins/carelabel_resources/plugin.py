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
    """Time, memory and size; what takes minutes or is of interest to few is expensive."""
    return [
        _latency(),
        _scenarios(),
        _load(),
        _cold_start(),
        _size(),
        _footprint(),
        _parameters(),
        _memory(),
        _requested(),
        _gpu_memory(),
    ]


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
        reusable=True,
        parameters=(_BATCH_SIZE, _CALL),
        quantities=figures.MEMORY,
    )


def _scenarios() -> Test:
    return Test(
        **_COMMON,
        name="scenarios",
        summary="single stream, offline and a server under random arrivals, as MLPerf LoadGen defines them",
        entry="carelabel_resources.scenarios:run",
        scope="cell",
        cost="expensive",
        parameters=(
            _seconds("seconds", 2.0, "Seconds that single stream and offline take at least, each."),
            _seconds("server_seconds", 20.0, "Seconds that the search for the server's rate may take."),
            _seconds("bound_s", 0.1, "Latency in seconds that 99 % of the server's queries must keep."),
            Parameter(
                name="offline_batch", type="int", default=1024, minimum=1, description="Rows a call of the offline run."
            ),
            _CALL,
        ),
        quantities=figures.SCENARIOS,
    )


def _seconds(name: str, default: float, description: str) -> Parameter:
    return Parameter(name=name, type="float", default=default, minimum=1e-6, maximum=86400.0, description=description)


def _cold_start() -> Test:
    return Test(
        **_COMMON,
        name="cold-start",
        summary="from the start of a process to its first answer, in five new processes",
        entry="carelabel_resources.cold_start:ColdStart",
        scope="candidate",
        style="paired",
        place="fresh",
        cost="expensive",
        parameters=(_CALL,),
        quantities=figures.COLD_START,
    )


def _footprint() -> Test:
    return Test(
        **_COMMON,
        name="footprint",
        summary="installed bytes of the packages that the model needs to run",
        entry="carelabel_resources.footprint:run",
        scope="candidate",
        cost="cheap",
        quantities=figures.FOOTPRINT,
    )


def _requested() -> Test:
    return Test(
        **_COMMON,
        name="memray",
        summary="memory that predictions request, counted by memray",
        entry="carelabel_resources.requested:run",
        scope="cell",
        place="fresh",
        requires=("memray>=1.11",),
        cost="expensive",
        parameters=(_BATCH_SIZE, _CALL),
        quantities=figures.REQUESTED,
    )


def _gpu_memory() -> Test:
    return Test(
        **_COMMON,
        name="gpu-memory",
        summary="memory on the accelerator, by NVML and by the framework",
        entry="carelabel_resources.gpu_memory:run",
        scope="cell",
        place="fresh",
        runs_on=frozenset({"cuda", "nvml"}),
        requires=("nvidia-ml-py>=12.535.77",),
        parameters=(_BATCH_SIZE, _CALL),
        quantities=figures.GPU_MEMORY,
    )
