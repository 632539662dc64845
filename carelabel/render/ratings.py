"""Letters as a table: a row a candidate and platform, a column a property, and what moved the compound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType

_LEGEND = (
    "A is best, E worst: how many times better a figure is than its yardstick, which is the reference workload on the "
    "same platform, and for quality the trivial predictor; a range where the interval straddles a boundary. The "
    "compound index is the product of these ratios, each to the power of its weight's share."
)
_STYLES = {"A": "bold green", "B": "green", "C": "yellow", "D": "dark_orange", "E": "red"}


def render_ratings(label: Mapping[str, Any]) -> Iterator[RenderableType]:
    """The table, the reasons for what is not rated, and each property's share of the compound."""
    rows = label.get("ratings") or []
    if not rows:
        return
    properties = list(dict.fromkeys(row["property"] for row in rows))
    totals = {(row["candidate"], row["platform"]): row for row in label["compound"].get("of", ())}
    scale = label["compound"].get("scale") or {}
    title = f"Rating by scale {scale.get('name')} {scale.get('version')}"
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for column in ("", *properties, "compound"):
        table.add_column(Text(column))
    for place, total in totals.items():
        mine = {row["property"]: row for row in rows if (row["candidate"], row["platform"]) == place}
        cells = [_letter(mine[name]) if name in mine else Text("") for name in properties]
        table.add_row(Text(" on ".join(place)), *cells, _letter(total))
    yield table
    yield Padding(Text(_LEGEND, style="dim"), (0, 0, 0, 2))
    yield from _unrated(rows)
    yield from _compounds(totals, {(row["candidate"], row["platform"], row["property"]): row for row in rows})
    yield Text("")


def _letter(row: Mapping[str, Any]) -> Text:
    flags = row.get("flags") or ()
    struck = " strike" if "not-the-same-model" in flags else ""
    mark = "*" if "contended" in flags else ""
    return Text(row["letter"] + mark, style=_STYLES.get(row["letter"][:1], "dim") + struck)


def _unrated(rows: list[Mapping[str, Any]]) -> Iterator[RenderableType]:
    if any("contended" in (row.get("flags") or ()) for row in rows):
        yield Text("  * contended: other work was running")
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row["letter"] == "n/a":
            names = reasons.setdefault(row.get("reason") or "no reason given", [])
            if row["property"] not in names:
                names.append(row["property"])
    for reason, names in reasons.items():
        yield Text(f"  n/a {', '.join(names)}: {reason}")


def _compounds(
    totals: Mapping[tuple[str, str], Mapping[str, Any]], rows: Mapping[tuple[str, str, str], Mapping[str, Any]]
) -> Iterator[RenderableType]:
    for place, total in totals.items():
        if total["letter"] == "n/a":
            yield Text(f"  {' on '.join(place)}: no compound, {total.get('reason')}")
        elif "index" in total:
            weights = total.get("weights", {}).items()
            parts = " x ".join(f"{name} {rows[*place, name]['index']:.3g}^{share:.2g}" for name, share in weights)
            yield Text(f"  {' on '.join(place)}: compound index {total['index']:.3g} = {parts}")
