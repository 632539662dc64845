"""Small labels for the stores."""

from __future__ import annotations

from typing import Any


def make_label(identifier: str = "20261121T100000-000-aaaaaaaa", **changes: Any) -> dict[str, Any]:
    label: dict[str, Any] = {
        "schema": "1.0",
        "id": identifier,
        "created": "2026-11-21T10:00:00Z",
        "subject": {
            "name": "a forest",
            "task": "classification",
            "framework": "woodwork",
            "family": "random-forest",
            "sha256": "a" * 64,
        },
        "candidates": [{"id": "original", "status": "built"}, {"id": "onnx", "status": "failed"}],
        "outcomes": [{"status": "measured"}, {"status": "measured"}, {"status": "crashed"}, {"status": "skipped"}],
        "measurements": [{"value": 0.25, "unit": "s", "note": "µs"}, {"value": None, "reason": "n < needed"}],
    }
    return {**label, **changes}
