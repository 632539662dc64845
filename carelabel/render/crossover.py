"""The crossover map as a table: which candidate wins at which batch size on which platform, and when it has paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from carelabel.plan import ORIGINAL
from carelabel.render.units import figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType

    Json = Mapping[str, Any]


def render_crossover(label: Json) -> Iterator[RenderableType]:
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
    if any(_is_unpaired(point) for point in points):
        yield Text("  * not timed in the same rounds: compared by each one's own interval", style="dim")
    yield Text("")


def _cells(point: Json) -> tuple[str, ...]:
    first, second = point["order"][:2]
    said = "tied with" if second["candidate"] in point.get("tied", ()) else f"{_factor(first, second):.3g} x"
    rows = point.get("break_even", {}).get(point["winner"])
    return (
        str(point["platform"]),
        str(point["batch"]),
        str(point["winner"]),
        figure(first["seconds_per_row"], "s"),
        f"{said} {second['candidate']}{' *' if _is_unpaired(point) else ''}",
        f"{rows:,} rows" if rows else "",
    )


def _is_unpaired(point: Json) -> bool:
    return point["order"][1]["candidate"] in point.get("unpaired", ())


def _factor(first: Json, second: Json) -> float:
    """How many times longer the second takes: by the paired ratio where one of them is the original."""
    if second["candidate"] == ORIGINAL and first.get("ratio"):
        return 1 / float(first["ratio"])
    if first["candidate"] == ORIGINAL and second.get("ratio"):
        return float(second["ratio"])
    return float(second["seconds_per_row"]) / float(first["seconds_per_row"])
