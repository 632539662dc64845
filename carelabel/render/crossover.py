"""The crossover map as a table: which candidate wins at which batch size on which platform, and when it has paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from carelabel.render.units import figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType


def render_crossover(label: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Nothing when there is only one form of the model."""
    points = [point for point in label.get("crossover") or () if len(point["order"]) > 1]
    if not points:
        return
    table = Table(
        title="Fastest form",
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 2, 0, 0),
        header_style="dim",
    )
    for name in ("platform", "batch", "fastest", "a row", "next", "pays after"):
        table.add_column(name, overflow="fold")
    for point in points:
        table.add_row(*map(Text, _cells(point)))
    yield table
    yield Text("")


def _cells(point: Mapping[str, Any]) -> tuple[str, ...]:
    first, second = point["order"][:2]
    factor = second["seconds_per_row"] / first["seconds_per_row"]
    said = "tied with" if second["candidate"] in point["tied"] else f"{factor:.3g} x"
    rows = point["break_even"].get(point["winner"])
    return (
        str(point["platform"]),
        str(point["batch"]),
        str(point["winner"]),
        figure(first["seconds_per_row"], "s"),
        f"{said} {second['candidate']}",
        f"{rows:,} rows" if rows else "",
    )
