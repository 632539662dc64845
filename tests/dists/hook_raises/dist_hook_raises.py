"""One hook fails, the other works."""

from __future__ import annotations

from carelabel import ANY, Metric, Test, hookimpl


@hookimpl
def carelabel_tests() -> list[Test]:
    message = "no tests\ntoday"
    raise RuntimeError(message)


@hookimpl
def carelabel_metrics() -> list[Metric]:
    return [
        Metric(
            name="wrong",
            summary="share of wrong labels",
            entry="dist_hook_raises:score",
            tasks=frozenset({"classification"}),
            frameworks=ANY,
            needs=frozenset({"labels"}),
            input="labels",
            better="lower",
            range=(0.0, 1.0),
        )
    ]
