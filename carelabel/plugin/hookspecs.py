"""The hooks a plugin can implement: one per kind of record, no arguments, a list of records back.

A whole plugin, with ``[project.entry-points.carelabel] acme = "acme_carelabel.plugin"`` in its pyproject.toml::

    from carelabel import ANY, Metric, hookimpl


    @hookimpl
    def carelabel_metrics():
        return [
            Metric(
                name="hamming-loss",
                summary="share of wrong labels",
                entry="acme_carelabel.metrics:hamming_loss",
                tasks=frozenset({"classification"}),
                frameworks=ANY,
                needs=frozenset({"labels"}),
                requires=("scikit-learn",),
                input="labels",
                better="lower",
                range=(0.0, 1.0),
            )
        ]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carelabel.plugin.records import Backend, Converter, Executor, Meter, Metric, Platform, Sink, Store, Test

PROJECT: Final = "carelabel"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def carelabel_backends() -> Sequence[Backend]:  # type: ignore[empty-body]  # a hook's body is its docstring
    """Backends: how files of a format are loaded and predict."""


@hookspec
def carelabel_converters() -> Sequence[Converter]:  # type: ignore[empty-body]  # as above
    """Converters: edges between formats."""


@hookspec
def carelabel_tests() -> Sequence[Test]:  # type: ignore[empty-body]  # as above
    """Tests: measurements that give quantities."""


@hookspec
def carelabel_metrics() -> Sequence[Metric]:  # type: ignore[empty-body]  # as above
    """Metrics: figures from truth and prediction."""


@hookspec
def carelabel_meters() -> Sequence[Meter]:  # type: ignore[empty-body]  # as above
    """Meters: where energy figures come from."""


@hookspec
def carelabel_platforms() -> Sequence[Platform]:  # type: ignore[empty-body]  # as above
    """Platforms beyond cpu-1t, cpu-all and cuda:N, which the core brings."""


@hookspec
def carelabel_stores() -> Sequence[Store]:  # type: ignore[empty-body]  # as above
    """Stores: where labels are kept."""


@hookspec
def carelabel_sinks() -> Sequence[Sink]:  # type: ignore[empty-body]  # as above
    """Sinks: where labels are written to. Nothing calls them yet, so that each is reported as a problem."""


@hookspec
def carelabel_executors() -> Sequence[Executor]:  # type: ignore[empty-body]  # as above
    """Executors: how a plan is run. Reported as a problem, too, until something calls them."""
