"""The foot of a label: what is missing and why, problems, where the time went, how to get it again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from carelabel.render.head import RUNS, log_of
from carelabel.render.skips import fold_cells, fold_foreign
from carelabel.render.units import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    Json = Mapping[str, Any]

_COMMAND_WIDTH: Final = 70
_UNFINISHED: Final = ("failed", "crashed", "timed_out")


def render_ending(label: Json) -> Iterator[RenderableType]:
    """Everything below the figures; parts without content are left out."""
    outcomes, run = label["outcomes"], label["reproduce"].get("run")
    unfinished = [{**item, "log": log_of(label, item.get("log"))} for item in outcomes if item["status"] in _UNFINISHED]
    yield from _section("Not measured", unfinished, _outcome)
    skipped = [item for item in outcomes if item["status"] == "skipped"]
    yield from _section("Skipped", [*fold_cells(skipped), *fold_foreign(label["skipped"])], _skip)
    sensors = {sensor["id"]: sensor for platform in label["platforms"] for sensor in platform.get("sensors", ())}
    yield from _section("Energy meters", [item for item in sensors.values() if item.get("reason")], _sensor)
    yield from _section("Problems", label.get("problems", ()), _problem)
    yield from _time(label.get("accounting") or {})
    reproduce = label["reproduce"]
    if reproduce.get("argv"):
        yield Text("Reproduce", style="bold")
        yield Text(f"  {_to_paste(reproduce['argv'])}", overflow="fold")
        yield Text(f"  seed {reproduce['seed']}, plan {reproduce['plan_sha256'][:12]}", style="dim")
        if run:
            yield Text(
                f"  logs and raw samples: {RUNS}/{run} (carelabel doctor says where CARELABEL_HOME is)", style="dim"
            )


def _to_paste(argv: Sequence[str]) -> str:
    """A command in lines that a shell reads as one, where a terminal would break it anywhere."""
    lines = [""]
    for word in map(shlex.quote, argv):
        if lines[-1] and len(lines[-1]) + len(word) > _COMMAND_WIDTH:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n    ".join(lines)


def _section(title: str, items: Any, row: Any) -> Iterator[RenderableType]:  # noqa: ANN401 - JSON, and a function of it
    if not items:
        return
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, show_header=False, padding=(0, 2, 0, 0)
    )
    table.add_column(ratio=1, overflow="fold")
    table.add_column(ratio=2, overflow="fold")
    for item in items:
        table.add_row(*map(Text, row(item)))
    yield table
    yield ""


def _outcome(item: Json) -> tuple[str, str]:
    status = str(item["status"]).replace("_", " ")
    return _cell(item), f"{status}: {_reason(item.get('reason'))}{item['log']}"


def _skip(item: Json) -> tuple[str, str]:
    return str(item["what"]), _reason(item)


def _cell(item: Json) -> str:
    return " ".join(str(part) for part in (item["candidate"], item["platform"], item["test"]) if part)


def _sensor(item: Json) -> tuple[str, str]:
    return str(item["id"]), _reason(item["reason"])


def _problem(item: Json) -> tuple[str, str]:
    return str(item["source"]), _reason(item)


def _reason(reason: Any) -> str:  # noqa: ANN401 - a reason, or its text alone
    if not reason:
        return "no reason given"
    if isinstance(reason, str):
        return reason
    return f"{reason['text']} ({reason['hint']})" if reason.get("hint") else str(reason["text"])


def _time(accounting: Mapping[str, float]) -> Iterator[RenderableType]:
    total = accounting.get("total")
    if not total:
        return
    parts = sorted(
        ((name, spent) for name, spent in accounting.items() if name != "total"), key=lambda part: part[1], reverse=True
    )
    words = ", ".join(f"{name.replace('_', ' ')} {100 * spent / total:.0f} %" for name, spent in parts if spent)
    yield Text("Time", style="bold")
    yield Text(f"  {seconds(total)} in all: {words}")
    yield ""
