"""What `carelabel doctor` found, for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from carelabel.render.units import size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    Json = Mapping[str, Any]


def render_doctor(found: Json) -> Iterator[RenderableType]:
    """All of it; what is missing comes with the way to get it."""
    yield from _section("carelabel", _own(found["carelabel"]))
    yield from _section("Machine", _machine(found["machine"], found["accelerators"]))
    yield from _section(
        "Energy meters", [_sensor(item) for item in found["sensors"]] or [("none", "no plugin brings one")]
    )
    yield from _section("Packages that plugins use", [_package(item) for item in found["packages"]])
    yield from _section("Plugins", [_plugin(item) for item in found["plugins"]])
    problems = [(item["source"], _with_hint(item["text"], item["hint"])) for item in found["problems"]]
    yield from _section("Problems", problems)


def _section(title: str, rows: Sequence[tuple[str, str]]) -> Iterator[RenderableType]:
    if not rows:
        return
    yield Text(title, style="bold")
    table = Table.grid(padding=(0, 2))
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row("", Text(name), Text(text))
    yield table
    yield ""


def _own(own: Json) -> Sequence[tuple[str, str]]:
    home, lock = own["home"], own["lock"]
    state = "writable" if home["writable"] else "NOT writable: set CARELABEL_HOME to a folder of yours"
    missing = "" if home["exists"] else ", not made yet"
    return [
        ("version", own["version"]),
        ("CARELABEL_HOME", f"{home['path']} ({state}{missing})"),
        ("measuring lock", f"{lock['state']}, for this {lock['scope']} ({lock['path']})"),
    ]


def _machine(machine: Json, gpus: Sequence[str]) -> Sequence[tuple[str, str]]:
    quota = machine["cpu_quota"]
    limit = "" if quota is None else f", time of {quota:g} granted"
    return [
        ("system", f"{machine['platform']}, Python {machine['python']}"),
        ("processors", f"{machine['processors']} x {machine['processor']}{limit}"),
        ("memory", size(machine["memory_bytes"]) or "unknown"),
        ("accelerators", ", ".join(gpus) or "none"),
        ("tags", " ".join(machine["tags"])),
        ("provides", " ".join(machine["provides"]) or "nothing further"),
        ("isolation", machine["isolation"]),
    ]


def _sensor(sensor: Json) -> tuple[str, str]:
    name = f"{sensor['id']} ({sensor['domain']})"
    reason = sensor["reason"]
    if reason is None:
        return name, f"{sensor['grade']}: {', '.join(sensor['sensors'])}"
    return name, _with_hint(f"none: {reason['code']}: {reason['text']}", reason["hint"])


def _package(package: Json) -> tuple[str, str]:
    used = f"for {', '.join(package['plugins'])}"
    if package["met"]:
        return package["requirement"], f"{package['version'] or 'not needed here'}, {used}"
    return package["requirement"], f"{package['version'] or 'missing'}, {used}: {package['hint']}"


def _plugin(plugin: Json) -> tuple[str, str]:
    origin = "built-in" if plugin["builtin"] else f"{plugin['distribution']} {plugin['version']}"
    count = plugin["records"]
    return plugin["name"], f"{plugin['status']}, {origin}, {count} record{'s' * (count != 1)}"


def _with_hint(text: str, hint: str) -> str:
    return f"{text} ({hint})" if hint else text
