"""``carelabel plugins list`` and ``carelabel plugins check``."""

from __future__ import annotations

from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from carelabel.cli.context import globals_of
from carelabel.cli.lazy import Lazy, LazyGroup
from carelabel.cli.output import print_json
from carelabel.cli.strangers import plain
from carelabel.errors import EXIT_DONE, EXIT_INCOMPLETE
from carelabel.render.columns import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carelabel.plugin.registry import Registry
    from carelabel.testing import CheckResult

COMMANDS = MappingProxyType(
    {
        "list": Lazy("carelabel.cli.plugins:list_plugins", "List every plugin with its version, source and problems."),
        "check": Lazy("carelabel.cli.plugins:check", "Hold a plugin to the contract it must keep."),
    }
)


class _Commands(LazyGroup):
    lazy = COMMANDS


app = typer.Typer(cls=_Commands, add_completion=False, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.callback()
def plugins() -> None:
    """List plugins, or check one."""


def list_plugins(ctx: typer.Context, *, as_json: Json = False) -> int:
    """List every plugin with its version, source and problems."""
    registry = globals_of(ctx).registry()
    if as_json:
        found = {
            "plugins": [asdict(item) for item in registry.plugins],
            "problems": [asdict(it) for it in registry.problems],
        }
        print_json(found)
    else:
        typer.echo(_table(registry))
    return EXIT_DONE


def check(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The plugin's entry point, as plugins list shows it.")],
    as_json: Json = False,
) -> int:
    """Hold a plugin to the contract it must keep, as carelabel.testing does in its own tests."""
    from carelabel.testing import check_plugin  # noqa: PLC0415 - the kit is needed here only

    results = check_plugin(name)
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        typer.echo(_results(results))
    return EXIT_INCOMPLETE if any(result.status == "failed" for result in results) else EXIT_DONE


def _table(registry: Registry) -> str:
    rows = [
        (
            item.name,
            item.version,
            "built-in" if item.builtin else item.distribution,
            item.status,
            str(item.records),
            item.source,
        )
        for item in registry.plugins
    ]
    table = columns(("PLUGIN", "VERSION", "FROM", "STATUS", "RECORDS", "SOURCE"), rows)
    if not registry.problems:
        return table
    problems = [
        tuple(map(plain, (it.source, it.code, f"{it.text} ({it.hint})" if it.hint else it.text)))
        for it in registry.problems
    ]
    return f"{table}\n\n{columns(('PLUGIN', 'PROBLEM', 'WHAT'), problems)}"


def _results(results: Sequence[CheckResult]) -> str:
    rows = [
        tuple(map(plain, (result.status, result.about, result.check, result.message or result.sentence)))
        for result in results
    ]
    counts = {status: sum(result.status == status for result in results) for status in ("passed", "failed", "skipped")}
    summary = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    return f"{columns(('RESULT', 'RECORD', 'CHECK', 'WHAT'), rows)}\n{summary}"
