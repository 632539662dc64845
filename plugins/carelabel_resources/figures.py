"""The figures these tests put on a label, each with a sentence for its reader."""

from __future__ import annotations

from typing import Final

from carelabel import Quantity


def _time(name: str, meaning: str) -> Quantity:
    return Quantity(name=name, unit="s", better="lower", group="latency", meaning=meaning)


def _memory(name: str, meaning: str) -> Quantity:
    return Quantity(name=name, unit="B", better="lower", group="memory", meaning=meaning)


def _on_disk(name: str, meaning: str) -> Quantity:
    return Quantity(name=name, unit="B", better="lower", group="size", meaning=meaning)


def _ratio(name: str, meaning: str) -> Quantity:
    return Quantity(name=name, unit="1", better="lower", group="latency", meaning=meaning)


LATENCY: Final = (
    _time("latency_p50", "Half of the prediction calls with this many rows took at most this long."),
    _time("latency_min", "The fastest prediction call with this many rows."),
    _time("latency_mean", "Average time of a prediction call with this many rows."),
    _time("latency_p90", "At most one call in ten took longer, at 99 % confidence."),
    _time("latency_p95", "At most one call in twenty took longer, at 99 % confidence."),
    _time("latency_p99", "At most one call in a hundred took longer, at 99 % confidence."),
    _time("latency_p999", "At most one call in a thousand took longer, at 99 % confidence."),
    _time("latency_row", "Median time of a call divided by its rows."),
    Quantity(
        name="throughput",
        unit="1/s",
        better="higher",
        group="latency",
        meaning="Rows predicted in a second when calls with this many rows follow one another.",
    ),
    _time("cpu_time", "Processor time of a call, all threads together: it counts work, not waiting."),
    _ratio("latency_ratio", "Time of a call relative to the original model's in the same rounds; below 1 is faster."),
    _ratio("cpu_ratio", "Processor time of a call relative to the original model's in the same rounds."),
    _time("after_idle", "The first call after a pause, when caches and threads have gone cold."),
    _time("prepare_row", "Bringing one row into the model's own input type, which the other times leave out."),
)

LOAD: Final = (
    _time("load_time", "Loading the model from disk when its libraries are imported already."),
    _time("first_load", "Loading the model in a new process, the import of its libraries included."),
    _time("import_time", "Importing the libraries that run the model."),
    _time("first_call", "The very first prediction after loading, on one row."),
)

SIZE: Final = (_on_disk("model_size", "Bytes that the model takes on disk."),)

PARAMETERS: Final = (
    Quantity(
        name="parameters",
        unit="1",
        better=None,
        group="size",
        meaning="Learned numbers in the model.",
    ),
    Quantity(
        name="parameters_nonzero",
        unit="1",
        better=None,
        group="size",
        meaning="Learned numbers that are not zero: pruning by masks zeroes them and keeps their places.",
    ),
)

MEMORY: Final = (
    _memory("resident_after_load", "Memory that the loaded model and its libraries add to a bare process."),
    _memory("peak_first_predict", "Memory that the first prediction takes at its peak on top of the loaded model."),
    _memory("peak_steady", "Memory that later predictions take at their peak on top of what is held by then."),
)

COLD_START: Final = (
    _time(
        "cold_start",
        "From the start of a new process to its first answer, imports and the loading of the model included.",
    ),
    _time("cold_start_import", "The part of a cold start in which libraries are imported."),
    _time("cold_start_load", "The part of a cold start in which the model itself is loaded."),
    _time("cold_start_first_call", "The part of a cold start in which the first row is predicted."),
    _ratio("cold_start_ratio", "Cold start relative to the original model's; below 1 is faster."),
)

FOOTPRINT: Final = (
    _on_disk(
        "dependency_size",
        "Bytes on disk of the installed packages that loading and predicting import here, optional ones included.",
    ),
    Quantity(
        name="dependency_count",
        unit="1",
        better="lower",
        group="size",
        meaning="Installed packages that loading and predicting import here, optional ones included.",
    ),
)

GPU_MEMORY: Final = (
    _memory(
        "gpu_memory", "Memory on the accelerator that the process takes, all that its libraries keep there included."
    ),
    _memory("gpu_peak_allocated", "Peak of the memory on the accelerator that the framework allocated for the model."),
)

REQUESTED: Final = (
    _memory("peak_requested", "Memory that predictions ask for at their peak, whether or not they ever touch it."),
    Quantity(
        name="allocations",
        unit="1",
        better="lower",
        group="memory",
        meaning="How often a prediction asks the system or the runtime for memory.",
    ),
)

SCENARIOS: Final = (
    Quantity(
        name="scenario_throughput",
        unit="1/s",
        better="higher",
        group="latency",
        meaning=(
            "Rows answered in a second: one after the other (single-stream), all handed over at once (offline), or "
            "arriving at random, at the highest rate that still keeps 99 % of them within the bound (server)."
        ),
    ),
    _time("scenario_p90", "One after the other, at most one row in ten took longer, at 99 % confidence."),
    _time("scenario_p99", "Arriving at random times, at most one row in a hundred took longer, at 99 % confidence."),
)
