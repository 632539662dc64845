"""``list-suites`` and ``list-ratings``: what ``--suite`` and ``--rating`` take by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from carelabel.cli.output import print_json
from carelabel.errors import EXIT_DONE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Json = Annotated[bool, typer.Option("--json", help="Every field, as JSON.")]


def list_suites(*, as_json: Json = False) -> int:
    """List the suites."""
    from carelabel.plan.suite import load_suite, suite_folder  # noqa: PLC0415 - here and below: pydantic builds models

    suites = {name: load_suite(name) for name in _names(suite_folder())}
    if as_json:
        print_json([{"id": name, **suite.model_dump(mode="json")} for name, suite in suites.items()])
        return EXIT_DONE
    rows = [
        (name, ", ".join(suite.tests.costs), str(suite.caps.candidates), suite.summary)
        for name, suite in suites.items()
    ]
    _print_columns(("ID", "COSTS", "CANDIDATES", "SUMMARY"), rows)
    return EXIT_DONE


def list_ratings(*, as_json: Json = False) -> int:
    """List the rating scales."""
    from carelabel.label.scale import load_scale, scale_folder  # noqa: PLC0415

    scales = {name: load_scale(name) for name in _names(scale_folder())}
    if as_json:
        print_json([{"id": name, **scale.model_dump(mode="json")} for name, scale in scales.items()])
        return EXIT_DONE
    rows = [(name, str(scale.version), ", ".join(scale.properties), scale.summary) for name, scale in scales.items()]
    _print_columns(("ID", "VERSION", "PROPERTIES", "SUMMARY"), rows)
    return EXIT_DONE


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _print_columns(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from carelabel.render.columns import columns  # noqa: PLC0415 - JSON goes without

    typer.echo(columns(head, rows))
