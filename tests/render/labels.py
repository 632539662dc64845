"""A label with everything on it that rendering must deal with."""

from __future__ import annotations

from typing import Any

from carelabel.label.schema import Label


def measurement(candidate: str, quantity: str, value: float | None, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "candidate": candidate,
        "platform": "cpu-1t",
        "test": "acme.latency",
        "quantity": quantity,
        "value": value,
        "unit": "s",
        "group": "latency",
    }
    return {**fields, **changes}


def surface(candidate: str, quantity: str, values: dict[int, float], **changes: Any) -> list[dict[str, Any]]:
    return [measurement(candidate, quantity, value, at={"batch": batch}, **changes) for batch, value in values.items()]


def candidate(identifier: str, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": identifier, "parent": "original", "converter": "acme.wood", "status": "built"}
    return {**fields, "sha256": "c" * 64, "bytes": 10 * 2**20, "convert_s": 4.88, **changes}


def parity(verdict: str, flips: int) -> dict[str, Any]:
    return {"class": verdict, "rows": 1000, "flips": flips, "max_abs": 4.17e-7, "because": []}


def make_label(**changes: Any) -> dict[str, Any]:
    """A label as `Label.to_dict` gives it."""
    return Label.model_validate({**_content(), **changes}).to_dict()


def _content() -> dict[str, Any]:
    return {
        "schema": "1.0",
        "id": "20261121T100000-000-aaaaaaaa",
        "created": "2026-11-21T10:00:00Z",
        "tool": {"name": "carelabel", "version": "0.1.0"},
        "subject": {
            "name": "a forest [v1]",
            "sha256": "a" * 64,
            "bytes": 16_000_000,
            "format": "woodwork-file",
            "framework": "woodwork",
            "family": "random-forest",
            "task": "classification",
            "estimator": "Forest",
            "facts": {},
            "consent": "flag",
        },
        "data": {
            "test": {"sha256": "d" * 64, "rows": 1000, "features": 784, "shape": [784], "classes": [0, 1]},
            "train": None,
        },
        "environment": {
            "python": "3.11.7",
            "platform": "Linux-6.1",
            "processor": "A Processor",
            "processors": 2,
            "memory_bytes": 8 * 2**30,
            "packages": {},
            "isolation": "full",
            "lock": "container",
        },
        "platforms": [
            {
                "id": "cpu-1t",
                "tags": ["cpu"],
                "threads": 1,
                "sensors": [
                    {"id": "acme.meter", "reason": {"code": "no-counter", "text": "no counter", "hint": "buy one"}}
                ],
            }
        ],
        "candidates": [
            candidate("original", parent=None, converter=None, convert_s=None),
            candidate("wood", parity=parity("identical", 0)),
            candidate(
                "wood+thin",
                status="failed",
                parity=parity("different", 47),
                reason={"code": "different", "text": "47 of 1000 rows flipped", "hint": "try thicker wood"},
            ),
        ],
        "measurements": [*_quality(), *_latency()],
        "outcomes": [
            {"candidate": "original", "platform": "cpu-1t", "test": "acme.latency", "status": "measured"},
            {
                "candidate": "wood",
                "platform": None,
                "test": "acme.bend",
                "status": "crashed",
                "reason": {"code": "signal", "text": "killed by SIGSEGV", "hint": ""},
                "log": "logs/wood.log",
            },
        ],
        "skipped": [{"what": "*/*/acme.burn", "code": "task", "text": "burn is for task regression"}],
        "problems": [{"source": "acme 1.0", "code": "clash", "text": "given twice", "hint": "remove one"}],
        "accounting": {"turn": 6.0, "import": 3.0, "overhead": 1.0, "total": 10.0},
        "reproduce": {
            "argv": ["carelabel", "run", "a model.wood"],
            "seed": 7,
            "plan_sha256": "e" * 64,
            "suite": "quick",
        },
    }


def _quality() -> list[dict[str, Any]]:
    common = {"platform": None, "test": "acme.right", "group": "quality", "unit": "1"}
    found = [
        measurement(name, "right", value, interval=[value - 0.017, value + 0.017], **common)
        for name, value in (("original", 0.939), ("wood", 0.939), ("wood+thin", 0.892))
    ]
    per_class = {"platform": None, "test": "acme.each", "group": "quality", "unit": "1"}
    found += [
        measurement("original", "recall", 0.9 + number / 100, at={"class": str(number)}, **per_class)
        for number in range(8)
    ]
    return found


def _latency() -> list[dict[str, Any]]:
    batches = {1: 0.0048, 16: 0.0052, 64: 0.0061}
    fast = {1: 0.0000311, 16: 0.000371, 64: 0.00145}
    return [
        *surface("original", "latency_p50", batches),
        *surface("wood", "latency_p50", fast, interval=[0.00003, 0.0016], flags=["contended"]),
        *surface("wood+thin", "latency_p50", fast, flags=["not-the-same-model"]),
        *surface("original", "latency_mean", batches),
        *surface("wood", "latency_mean", fast),
        *(
            measurement("original", "latency_p99", None, at={"batch": batch}, reason=f"n < needed (40 < {662 + batch})")
            for batch in (1, 16, 64)
        ),
        *surface("wood", "latency_ratio", {1: 0.0065, 16: 0.07, 64: 0.24}, unit="1"),
        measurement("original", "leaves", 610_763, unit="1", test="acme.size", group="size", platform=None),
        measurement(
            "wood", "leaves", None, unit="1", test="acme.size", group="size", platform=None, reason="wood has none"
        ),
    ]
