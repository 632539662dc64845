"""The figures of a label as tables: one row a figure, one column a candidate, notes below.

Where the candidates do not fit the terminal's width side by side, the table is drawn in parts, each of which begins
with the original.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from carelabel.render.notes import Notes
from carelabel.render.units import figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    Json = Mapping[str, Any]

NOT_THE_SAME: Final = "not-the-same-model"
_PADDING: Final = 2
_MANY_POINTS: Final = 2
_MANY_CLASSES: Final = 6
_SURFACE: Final = "batch"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One figure of all candidates.

    Attributes:
        at: Where on its surface, in words.
        cells: Candidate to its measurements: one, or those of many classes or groups.
    """

    test: str
    quantity: str
    at: str
    cells: Mapping[str, Sequence[Json]]

    @property
    def has_value(self) -> bool:
        """Whether any candidate has a figure here."""
        return any(item.get("value") is not None for items in self.cells.values() for item in items)


def rows_of(measurements: Iterable[Json], *, everything: bool) -> list[Row]:
    """Rows in the label's order.

    Args:
        everything: Show every point of every surface. Otherwise a test's first figure and its first ratio are shown at
            every point, others at the ends only, and figures of many classes or groups as their range.
    """
    points: dict[tuple[str, str], dict[tuple[tuple[str, Any], ...], dict[str, Json]]] = {}
    for item in measurements:
        at = tuple(sorted(item.get("at", {}).items()))
        figures = points.setdefault((item["test"], item["quantity"]), {})
        figures.setdefault(at, {})[item["candidate"]] = item
    main = set() if everything else _main(points)
    rows = []
    for key, surface in points.items():
        rows += _surface_rows(key, surface, whole=everything or key in main, everything=everything)
    return rows


def _main(points: Mapping[tuple[str, str], Mapping[Any, Mapping[str, Json]]]) -> set[tuple[str, str]]:
    """Of each test the first figure, and the first one without a unit."""
    chosen: dict[tuple[str, bool], tuple[str, str]] = {}
    firsts = set()
    for key, surface in points.items():
        unit = next(iter(next(iter(surface.values())).values()))["unit"]
        if key[0] not in firsts:
            firsts.add(key[0])
            chosen[key[0], False] = key
        elif unit == "1":
            chosen.setdefault((key[0], True), key)
    return set(chosen.values())


def _surface_rows(
    key: tuple[str, str],
    surface: Mapping[tuple[tuple[str, Any], ...], Mapping[str, Json]],
    *,
    whole: bool,
    everything: bool,
) -> list[Row]:
    test, quantity = key
    points = list(surface)
    if not everything and len(points) > _MANY_CLASSES and not _is_numeric(points):
        gathered: dict[str, list[Json]] = defaultdict(list)
        for cells in surface.values():
            for candidate, item in cells.items():
                gathered[candidate].append(item)
        return [Row(test=test, quantity=quantity, at=f"{len(points)} {_plural(points)}", cells=gathered)]
    if not whole and len(points) > _MANY_POINTS and _is_numeric(points):
        points = [points[0], points[-1]]
    return [
        Row(
            test=test,
            quantity=quantity,
            at=_words(point),
            cells={name: [item] for name, item in surface[point].items()},
        )
        for point in points
    ]


def _is_numeric(points: Sequence[tuple[tuple[str, Any], ...]]) -> bool:
    return all(name == _SURFACE for point in points for name, _ in point)


def _plural(points: Sequence[tuple[tuple[str, Any], ...]]) -> str:
    names = sorted({name for point in points for name, _ in point})
    return "points" if len(names) != 1 else {"class": "classes"}.get(names[0], f"{names[0]}s")


def _words(at: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in at)


@dataclass(frozen=True, kw_only=True, slots=True)
class FigureTable:
    """A table of figures that fits whatever it is drawn on."""

    title: str
    rows: Sequence[Row]
    candidates: Sequence[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw as many parts as are needed."""
        del console
        notes = Notes(_common_flags(self.rows))
        shown = [name for name in self.candidates if any(name in row.cells for row in self.rows)]
        rows = [row for row in self.rows if row.has_value]
        cells = [{name: _cell(row.cells[name], notes) for name in row.cells} for row in rows]
        heads = _heads(rows)
        widths = {name: max([len(name), *(len(row.get(name, "")) for row in cells)]) + _PADDING for name in shown}
        taken = sum(max((len(head[at]) for head in heads), default=0) + _PADDING for at in (0, 1))
        parts = _parts(shown, widths, options.max_width - taken) if rows else []
        for number, part in enumerate(parts):
            yield _part(self.title if number == 0 else f"{self.title} (continued)", part, heads, cells)
        if not rows:
            yield Text(self.title, style="bold")
        yield from notes.lines()
        yield from _missing([row for row in self.rows if not row.has_value])
        yield ""


def _common_flags(rows: Sequence[Row]) -> list[str]:
    """Flags that every figure of the table has."""
    flags = [
        item.get("flags", ())
        for row in rows
        for items in row.cells.values()
        for item in items
        if item.get("value") is not None
    ]
    return [flag for flag in dict.fromkeys(flags[0]) if all(flag in each for each in flags)] if len(flags) > 1 else []


def _heads(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """The first two columns: a figure's name where it changes, and the point."""
    owners: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        owners[row.quantity].add(row.test)
    heads: list[tuple[str, str]] = []
    last = ("", "")
    for row in rows:
        name = row.quantity.replace("_", " ")
        name = f"{name} ({row.test})" if len(owners[row.quantity]) > 1 else name
        heads.append(("" if (row.test, row.quantity) == last else name, row.at))
        last = (row.test, row.quantity)
    return heads


def _missing(rows: Sequence[Row]) -> Iterator[Padding]:
    """Figures that no candidate has, by reason."""
    names: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        reasons = list(dict.fromkeys(_reason(items) for items in row.cells.values()))
        points = names.setdefault(", ".join(reasons), {}).setdefault(row.quantity.replace("_", " "), [])
        points.append(row.at)
    for reason, figures in names.items():
        said = "; ".join(f"{name} ({', '.join(points)})" if any(points) else name for name, points in figures.items())
        yield Padding(Text(f"not measured: {said}: {reason}", style="dim"), (0, 0, 0, 2))


def _reason(items: Sequence[Json]) -> str:
    """Why a figure is missing, without the numbers in brackets, which differ from point to point."""
    return str(items[0].get("reason") or "no reason given").partition(" (")[0]


def _parts(shown: Sequence[str], widths: Mapping[str, int], room: int) -> list[list[str]]:
    """Candidates side by side as far as they fit; every part begins with the first of all."""
    parts: list[list[str]] = [[]]
    for name in shown:
        part = parts[-1]
        if len(part) > 1 and sum(widths[each] for each in part) + widths[name] > room:
            parts.append([shown[0]])
        parts[-1].append(name)
    return parts


def _part(
    title: str, part: Sequence[str], heads: Sequence[tuple[str, str]], cells: Sequence[Mapping[str, Text]]
) -> Table:
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=None, padding=(0, _PADDING, 0, 0))
    table.add_column("")
    table.add_column("")
    for name in part:
        table.add_column(Text(name), justify="right", overflow="fold", header_style="bold")
    for (name, at), row in zip(heads, cells, strict=True):
        table.add_row(Text(name), Text(at), *(row.get(candidate, Text("")) for candidate in part))
    return table


def _cell(items: Sequence[Json], notes: Notes) -> Text:
    """One figure, or the range of several, with marks for its flags; a missing one with the number of its reason."""
    values = [item for item in items if item.get("value") is not None]
    if not values:
        return Text(f"n/a{notes.marks([_reason(items)])}", style="dim")
    flags = [flag for item in values for flag in item.get("flags", ())]
    style = "strike" if NOT_THE_SAME in flags else ""
    if len(values) == 1:
        item = values[0]
        text = Text(figure(item["value"], item["unit"], item.get("interval")), style=style)
    else:
        ordered = sorted(values, key=lambda item: float(item["value"]))
        low, high = (figure(item["value"], item["unit"]) for item in (ordered[0], ordered[-1]))
        text = Text(f"{low} to {high}", style=style)
    return text.append(notes.marks(flags), style="dim")
