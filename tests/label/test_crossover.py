"""The crossover map and break-even, on figures that are told."""

from __future__ import annotations

from typing import Any

from carelabel.label.crossover import crossover
from tests.label.labels import label, latency


def points(*measurements: dict[str, Any], **changes: Any) -> dict[int, dict[str, Any]]:
    document = label(*measurements, candidates=("original", "onnx"))
    document["candidates"][1] |= {"convert_s": 2.0, **changes}
    return {point["batch"]: point for point in crossover(document)}


def test_each_point_names_who_is_fastest_a_row() -> None:
    found = points(
        latency("original", 5e-3),
        latency("onnx", 1e-5),
        latency("original", 1e-2, batch=1024),
        latency("onnx", 2e-2, batch=1024),
    )
    assert found[1]["winner"] == "onnx"
    assert found[1024]["winner"] == "original"
    assert found[1024]["order"][0] == {"candidate": "original", "seconds_per_row": 1e-2 / 1024}


def test_a_conversion_pays_after_its_seconds_over_the_seconds_saved_a_row() -> None:
    found = points(
        latency("original", 5e-3),
        latency("onnx", 1e-3),
        latency("original", 1.0, batch=64),
        latency("onnx", 2.0, batch=64),
    )
    assert found[1]["break_even"] == {"onnx": 501}
    assert found[64]["break_even"] == {"onnx": None}


def test_overlapping_intervals_are_ties() -> None:
    assert points(latency("original", 1.0, 0.2), latency("onnx", 1.1, 0.2))[1]["tied"] == ["onnx"]
    assert points(latency("original", 1.0, 0.01), latency("onnx", 1.1, 0.01))[1]["tied"] == []


def test_a_failed_conversion_and_the_reference_take_no_part() -> None:
    found = points(latency("original", 1.0), latency("onnx", 0.1), latency("reference", 0.01), status="failed")
    assert [item["candidate"] for item in found[1]["order"]] == ["original"]


def test_points_without_a_figure_are_left_out() -> None:
    assert points(latency("original", None)) == {}
