"""A misspelt task."""

from __future__ import annotations

from carelabel import ANY, Metric, hookimpl


@hookimpl
def carelabel_metrics() -> list[Metric]:
    return [
        Metric(
            name="wrong",
            summary="share of wrong labels",
            entry="dist_unknown_word:score",
            tasks=frozenset({"classifcation"}),
            frameworks=ANY,
            needs=frozenset({"labels"}),
            input="labels",
            better="lower",
            range=(0.0, 1.0),
        )
    ]
