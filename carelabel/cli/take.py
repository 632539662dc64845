"""``carelabel take``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from carelabel.cli.context import globals_of
from carelabel.cli.labels import find_label
from carelabel.cli.output import print_json
from carelabel.errors import EXIT_DONE


def take(
    ctx: typer.Context,
    *,
    label: Annotated[str, typer.Argument(metavar="FILE|ID", help="A label's file, or its id or its beginning.")],
    form: Annotated[str, typer.Argument(metavar="FORM", help="One of the label's forms, such as onnx.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="A new folder; NAME-FORM when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> int:
    """Write a form's files as they were measured, with a description of how it is called."""
    from carelabel.base.home import find_home  # noqa: PLC0415 - here and below: --help goes without
    from carelabel.export.take import take_form  # noqa: PLC0415

    document = find_label(ctx, label)
    folder = (output or Path(_file_name(f"{document['subject']['name']}-{form}"))).absolute()
    usages = {name: record.usage for name, record in globals_of(ctx).registry().backends().items()}
    taken = take_form(document, form, folder, root=find_home().root, usages=usages)
    if as_json:
        found = {"form": taken.form, "folder": str(taken.folder), "files": list(taken.files), "usage": taken.usage}
        print_json(found)
        return EXIT_DONE
    typer.echo(f"{taken.form} as it was measured, in {taken.folder}:")
    for name in taken.files:
        typer.echo(f"  {name}")
    if taken.usage:
        typer.echo(f"from path and rows to answers, in Python: {taken.usage}")
    return EXIT_DONE


def _file_name(text: str) -> str:
    """A model may be called anything; a folder may not."""
    return "".join(char if char.isalnum() or char in "+-._" else "-" for char in text).lstrip(".") or "form"
