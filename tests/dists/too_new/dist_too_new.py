"""Written for a contract of the future, but for one record."""

from __future__ import annotations

from carelabel import ANY, Metric, hookimpl


@hookimpl
def carelabel_metrics() -> list[Metric]:
    return [
        Metric(
            name="wrong",
            summary="share of wrong labels",
            entry="dist_too_new:score",
            tasks=frozenset({"classification"}),
            frameworks=ANY,
            needs=frozenset({"labels"}),
            input="labels",
            better="lower",
            range=(0.0, 1.0),
            api=99,
        ),
        Metric(
            name="old",
            summary="share of wrong labels",
            entry="dist_too_new:score",
            tasks=frozenset({"classification"}),
            frameworks=ANY,
            needs=frozenset({"labels"}),
            input="labels",
            better="lower",
            range=(0.0, 1.0),
        ),
    ]
