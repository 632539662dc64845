"""``carelabel export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carelabel.cli import given  # noqa: TC001 - typer reads the annotations
from carelabel.cli.context import globals_of
from carelabel.cli.output import print_json
from carelabel.cli.words import parse_settings
from carelabel.errors import EXIT_DONE

if TYPE_CHECKING:
    from carelabel.export.export import Exported


def export(  # noqa: PLR0913 - one each of the command line's words
    ctx: typer.Context,
    *,
    model: given.Model,
    to: Annotated[str, typer.Option("--to", metavar="WORD", help="What to write, such as cpp.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="A new folder; MODEL-WORD when left out.")
    ] = None,
    meta: Annotated[
        Path | None, typer.Option("--meta", "-m", metavar="PATH", help="Metadata, for rows that the export can use.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="CONVERTER.PARAM=VALUE", help="Set a parameter; VALUE is YAML; repeat."),
    ] = None,
    trust_pickle: given.TrustPickle = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> int:
    """Write a model for another place, such as source code to compile there."""
    from carelabel.base.home import find_home  # noqa: PLC0415 - here and below: after the words have been read
    from carelabel.base.host import probe_host  # noqa: PLC0415
    from carelabel.export.export import Export, export_model  # noqa: PLC0415
    from carelabel.model.metadata import read_model_file, read_submission  # noqa: PLC0415
    from carelabel.model.trust import is_trusted  # noqa: PLC0415

    wanted = Export(
        model=read_model_file(model) if meta is None else read_submission(model, meta),
        to=to,
        folder=(output or Path(f"{model.stem}-{to}")).absolute(),
        settings=parse_settings(settings or ()),
    )
    done = export_model(
        wanted,
        globals_of(ctx).registry(),
        probe_host(),
        home=find_home().root,
        trust_pickle=trust_pickle,
        is_trusted=is_trusted,
    )
    _show(done, as_json=as_json)
    return EXIT_DONE


def _show(done: Exported, *, as_json: bool) -> None:
    if as_json:
        print_json({"converter": done.converter, "folder": str(done.folder), "files": list(done.files)})
        return
    typer.echo(f"{done.converter} wrote to {done.folder}:")
    for name in done.files:
        typer.echo(f"  {name}")
