"""``carelabel trust``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from carelabel.cli.output import print_json
from carelabel.errors import EXIT_DONE, UsageError
from carelabel.model.trust import TrustedFile, distrust, trusted_files
from carelabel.model.trust import trust as consent
from carelabel.render.columns import columns

_MEANING = (
    "Loading this file can run any code that is stored in it, with all your rights. From now on\n"
    "carelabel loads exactly this content without asking; if one byte of it changes, it asks again."
)


def trust(
    *,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The file to trust.", show_default=False)] = None,
    remove: Annotated[str | None, typer.Option("--remove", metavar="FILE|SHA256", help="Take a consent back.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the trusted files.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> int:
    """Consent to loading a file that can run code, by its sha256."""
    if [file is not None, remove is not None, show].count(True) != 1:
        msg = "trust needs one of FILE, --list and --remove"
        raise UsageError(msg, "carelabel trust --help shows them")
    if file is not None:
        _tell(consent(file), "trusted", as_json=as_json)
    elif remove is not None:
        _tell(distrust(remove), "no longer trusted", as_json=as_json)
    else:
        _list(trusted_files(), as_json=as_json)
    return EXIT_DONE


def _tell(file: TrustedFile, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(file))
        return
    typer.echo(f"{what}: {file.path}\nsha256: {file.sha256}")
    if what == "trusted":
        typer.echo(f"{_MEANING}\nTo take it back: carelabel trust --remove {file.sha256[:12]}")


def _list(files: tuple[TrustedFile, ...], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(file) for file in files])
    elif files:
        typer.echo(columns(("SHA256", "SINCE", "FILE"), [(file.sha256[:12], file.since, file.path) for file in files]))
    else:
        typer.echo("no file is trusted")
