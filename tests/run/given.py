"""Platforms and requests that the tests of this folder share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from carelabel.plan import PlannedPlatform
from carelabel.process.worker_handle import Session

Spawn = Callable[..., Session]
Opening = Callable[..., dict[str, Any]]

ONE_THREAD = PlannedPlatform(id="cpu-1t", tags=("cpu",), threads=1, pin=1)
BACKEND = "fake_models:Backend"
SOON = 20.0
"""Seconds that a worker may take on a busy machine; nothing waits for them to pass."""


def quantities(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "unit": "1", "better": None, "group": "x", "meaning": "x"} for name in names]


def planned(entry: str, *names: str, kind: str = "test", **parameters: Any) -> dict[str, Any]:
    """A test as requests name it."""
    return {
        "id": "fake.test",
        "kind": kind,
        "entry": entry,
        "version": "fake 1",
        "group": "x",
        "scope": "cell",
        "style": "once",
        "place": "candidate",
        "parameters": parameters,
        "quantities": quantities(*names),
        "timeout_s": 10.0,
    }


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come; far longer than it takes on the busiest machine."""
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)
