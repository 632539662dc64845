"""A label on the disk says nothing twice, and says the same."""

from __future__ import annotations

import json
from typing import Any

from carelabel.label.packing import packed, unpacked, written
from carelabel.label.schema import Label
from tests.render.labels import make_label

LONG = "median over rounds; interval by order statistics"


def row(quantity: str, **changes: Any) -> dict[str, Any]:
    return {
        "candidate": "original",
        "platform": "cpu-1t",
        "test": "acme.speed",
        "quantity": quantity,
        "at": {"batch": 1},
        "value": 0.1,
        "unit": "s",
        "interval": None,
        "level": None,
        "n": 6,
        "method": LONG,
        "grade": None,
        "flags": [],
        "better": "lower",
        "group": "latency",
        "detail": None,
        "reason": None,
        "samples": "samples/speed.jsonl",
        **changes,
    }


def a_label() -> dict[str, Any]:
    document = make_label()
    document["measurements"] = [
        row("p50"),
        row("p90", value=None, reason="n < needed", flags=["contended"]),
        row("p50", candidate="onnx", platform=None, samples=None, value=0, at={}),
        row("size", method="exact", unit="B", better=None, group=""),
    ]
    cell = {"test": "acme.speed", "status": "measured", "reason": None, "seconds": 1.0, "log": None}
    document["outcomes"] = [
        {**cell, "candidate": "original", "platform": "cpu-1t"},
        {**cell, "candidate": "onnx", "platform": None},
    ]
    return Label.model_validate(document).to_dict()


def test_a_label_comes_back_from_its_file_as_it_was() -> None:
    full = a_label()
    assert Label.model_validate_json(written(full)).to_dict() == full


def test_what_many_rows_share_stands_once() -> None:
    small = packed(a_label())
    assert small["texts"] == {"#1": LONG}
    assert small["figures"]["acme.speed.p50"] == {"better": "lower", "group": "latency"}
    assert small["measurements"][0] == {
        "candidate": "original",
        "platform": "cpu-1t",
        "test": "acme.speed",
        "quantity": "p50",
        "at": {"batch": 1},
        "value": 0.1,
        "unit": "s",
        "n": 6,
        "method": "#1",
    }
    assert small["outcomes"][0]["samples"] == "samples/speed.jsonl"
    assert "samples" not in small["outcomes"][1]


def test_a_value_of_zero_and_a_missing_one_stay_what_they_are() -> None:
    values = [item["value"] for item in packed(a_label())["measurements"]]
    assert values == [0.1, None, 0, 0.1]


def test_a_full_label_is_left_as_it_is() -> None:
    full = a_label()
    assert unpacked(full) == full


def test_the_file_has_a_line_for_every_row() -> None:
    lines = written(a_label()).decode().splitlines()
    assert sum('"quantity":' in line for line in lines) == 4


def test_fields_of_later_versions_survive() -> None:
    document = a_label() | {"future": {"of": "labels"}}
    document["measurements"][0]["colour"] = "blue"
    again = unpacked(json.loads(written(document)))
    assert again["future"] == {"of": "labels"}
    assert again["measurements"][0]["colour"] == "blue"
