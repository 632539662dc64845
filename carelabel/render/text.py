"""A label on a terminal. The input is the label's JSON, so that old labels and those of others can be shown too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carelabel.render.crossover import render_crossover
from carelabel.render.ending import render_ending
from carelabel.render.head import candidate_reasons, render_candidates, render_head
from carelabel.render.measurements import FigureTable, rows_of
from carelabel.render.ratings import render_ratings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    Json = Mapping[str, Any]

_FIRST: Final = ("quality", "latency", "memory", "size", "energy")


def render_label(label: Json, *, everything: bool = False) -> list[RenderableType]:
    """Everything on the label, ready to be printed by rich.

    Args:
        label: In the schema of `carelabel.label.schema`.
        everything: Every point of every figure, instead of a choice.
    """
    return [
        render_head(label),
        "",
        render_candidates(label),
        *candidate_reasons(label),
        "",
        *render_ratings(label),
        *render_crossover(label),
        *_figures(label, everything=everything),
        *render_ending(label),
    ]


def _figures(label: Json, *, everything: bool) -> Iterator[FigureTable]:
    """First what holds on every platform, then platform by platform; in each, group by group."""
    candidates = [candidate["id"] for candidate in label["candidates"]]
    for platform in (None, *(item["id"] for item in label["platforms"])):
        own = [item for item in label["measurements"] if item["platform"] == platform]
        for group in _groups(own):
            chosen = [item for item in own if (item.get("group") or "other") == group]
            where = f" on {platform}" if platform else ""
            rows = rows_of(chosen, everything=everything)
            yield FigureTable(title=f"{group.capitalize()}{where}", rows=rows, candidates=candidates)


def _groups(measurements: Sequence[Json]) -> list[str]:
    found = list(dict.fromkeys(item.get("group") or "other" for item in measurements))
    return sorted(found, key=lambda group: _FIRST.index(group) if group in _FIRST else len(_FIRST))
