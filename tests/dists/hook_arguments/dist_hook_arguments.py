"""Its hook wants an argument."""

from __future__ import annotations

from carelabel import ANY, Metric, hookimpl


@hookimpl
def carelabel_metrics(subject: object) -> list[Metric]:
    return [
        Metric(
            name="wrong",
            summary="share of wrong labels",
            entry="dist_hook_arguments:score",
            tasks=frozenset({"classification"}),
            frameworks=ANY,
            needs=frozenset({"labels"}),
            input="labels",
            better="lower",
            range=(0.0, 1.0),
        )
    ]
