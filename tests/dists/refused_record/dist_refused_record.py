"""Its record contradicts itself."""

from __future__ import annotations

from carelabel import ANY, Metric, hookimpl


@hookimpl
def carelabel_metrics() -> list[Metric]:
    return [
        Metric(
            name="Wrong Name",
            summary="share of wrong labels",
            entry="dist_refused_record:score",
            tasks=frozenset({"classification"}),
            frameworks=ANY,
            needs=frozenset({"labels"}),
            input="labels",
            better="lower",
            range=(0.0, 1.0),
        )
    ]
