"""The crossover map and break-even, on figures that are told."""

from __future__ import annotations

from typing import Any

import pytest

from carelabel.label.crossover import crossover
from tests.label.labels import label, latency, measurement

TWO = ("onnx", "tflite")


def ratio(candidate: str, value: float, width: float = 0.01, batch: int = 1) -> dict[str, Any]:
    ends = [value * (1 - width), value * (1 + width)]
    return measurement(candidate, "latency_ratio", value, at={"batch": batch}, interval=ends, unit="1")


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


def test_a_conversion_pays_after_its_seconds_over_the_seconds_that_its_rounds_saved_a_row() -> None:
    found = points(
        latency("original", 5e-3),
        latency("onnx", 1e-3),
        ratio("onnx", 0.5),
        latency("original", 1.0, batch=64),
        latency("onnx", 2.0, batch=64),
        ratio("onnx", 2.0, batch=64),
    )
    assert found[1]["break_even"] == {"onnx": 2001}  # 2 s over 1 ms: in its own rounds the original took 2 ms
    assert found[64]["break_even"] == {"onnx": None}


@pytest.mark.parametrize(("width", "tied", "pays"), [(0.3, ["original"], None), (0.05, [], 9)])
def test_whether_the_original_is_tied_and_a_conversion_pays_is_for_the_paired_ratio_to_say(
    width: float, tied: list[str], pays: int | None
) -> None:
    found = points(latency("original", 1.0, 0.5), latency("onnx", 0.9, 0.5), ratio("onnx", 0.8, width))[1]
    assert (found["winner"], found["tied"], found["break_even"]) == ("onnx", tied, {"onnx": pays})
    assert found["unpaired"] == []


def test_a_ratio_goes_before_figures_of_different_blocks() -> None:
    found = points(latency("original", 1.0), latency("onnx", 0.8), ratio("onnx", 1.3))[1]
    assert [item["candidate"] for item in found["order"]] == ["original", "onnx"]
    assert (found["tied"], found["break_even"]) == ([], {"onnx": None})
    assert found["order"][1]["ratio"] == 1.3


def test_without_a_paired_ratio_nothing_pays_and_own_intervals_are_compared() -> None:
    found = points(latency("original", 1.0, 0.2), latency("onnx", 0.9, 0.2))[1]
    assert (found["tied"], found["unpaired"], found["break_even"]) == (["original"], ["original"], {"onnx": None})
    assert points(latency("original", 1.0, 0.01), latency("onnx", 0.9, 0.01))[1]["tied"] == []


@pytest.mark.parametrize(
    ("blocks", "tied", "unpaired"),
    [(("a", "a"), ["tflite"], []), (("a", "b"), [], ["tflite"]), ((None, None), [], ["tflite"])],
)
def test_two_conversions_are_compared_by_their_ratios_in_one_block_and_by_their_own_intervals_otherwise(
    blocks: tuple[str | None, str | None], tied: list[str], unpaired: list[str]
) -> None:
    document = label(
        latency("original", 10.0, samples=blocks[0]),
        *(latency(name, value, samples=block) for name, value, block in zip(TWO, (1.0, 1.1), blocks, strict=True)),
        *(ratio(name, value, 0.2) for name, value in zip(TWO, (0.1, 0.11), strict=True)),
        candidates=("original", *TWO),
    )
    (found,) = crossover(document)
    assert (found["winner"], found["tied"], found["unpaired"]) == ("onnx", tied, unpaired)


def test_a_failed_conversion_and_the_reference_take_no_part() -> None:
    found = points(latency("original", 1.0), latency("onnx", 0.1), latency("reference", 0.01), status="failed")
    assert [item["candidate"] for item in found[1]["order"]] == ["original"]


def test_points_without_a_figure_are_left_out() -> None:
    assert points(latency("original", None)) == {}
