"""Small labels as JSON documents, for tests of rating and recommendation."""

from __future__ import annotations

from typing import Any


def measurement(candidate: str, quantity: str, value: Any, **changes: Any) -> dict[str, Any]:
    row = {
        "candidate": candidate,
        "platform": "cpu-1t",
        "test": "some.test",
        "quantity": quantity,
        "at": {},
        "value": value,
        "unit": "s",
        "interval": None,
        "better": "lower",
        "flags": [],
        "reason": None if value is not None else "not measured",
    }
    return {**row, **changes}


def latency(candidate: str, value: float | None, width: float = 0.01, batch: int = 1, **changes: Any) -> dict[str, Any]:
    interval = None if value is None else [value * (1 - width), value * (1 + width)]
    return measurement(candidate, "latency_p50", value, at={"batch": batch}, interval=interval, **changes)


def accuracy(candidate: str, value: float | None, width: float = 0.0, **changes: Any) -> dict[str, Any]:
    interval = None if value is None else [value - width, value + width]
    common = {"platform": None, "unit": "1", "better": "higher", "interval": interval}
    return measurement(candidate, "accuracy", value, **{**common, **changes})


def label(*measurements: dict[str, Any], candidates: tuple[str, ...] = ("original",), **changes: Any) -> dict[str, Any]:
    document = {
        "subject": {"task": "classification"},
        "data": {"test": {"rows": 1000, "distribution": {"a": 500, "b": 500}}},
        "platforms": [{"id": "cpu-1t"}],
        "candidates": [{"id": name, "status": "built", "reason": None} for name in (*candidates, "reference")],
        "measurements": list(measurements),
        "outcomes": [
            {"candidate": name, "platform": "cpu-1t", "test": "some.test", "status": "measured"} for name in candidates
        ],
        "ratings": [],
        "compound": {},
    }
    return {**document, **changes}
