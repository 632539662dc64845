"""Prints at import and in its hook."""

from __future__ import annotations

from carelabel import Metric, hookimpl

print("bought nothing")  # noqa: T201


@hookimpl
def carelabel_metrics() -> list[Metric]:
    print("sold nothing")  # noqa: T201
    return []
