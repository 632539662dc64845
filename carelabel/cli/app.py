"""The program: global options, the map of commands, and how every kind of error reaches the user."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer.main import get_command

from carelabel.cli.context import Globals, globals_of
from carelabel.cli.failure import EXIT_UNEXPECTED, about_paths, print_error, write_traceback
from carelabel.cli.lazy import Lazy, LazyGroup
from carelabel.cli.signals import ended_like_ctrl_c
from carelabel.errors import EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, CareLabelError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO)

COMMANDS = MappingProxyType(
    {
        "run": Lazy("carelabel.cli.run:run", "Measure a model in every form it could be deployed in; write its label."),
        "plan": Lazy("carelabel.cli.plan:plan", "Show what a run would do, what not, and why."),
        "show": Lazy("carelabel.cli.labels:show", "Show a label, from a file or from the store."),
        "history": Lazy("carelabel.cli.labels:history", "List the labels in the store."),
        "export": Lazy("carelabel.cli.export:export", "Write a model for another place, such as source code."),
        "recommend": Lazy("carelabel.cli.recommend:recommend", "Say which form to deploy under stated requirements."),
        "take": Lazy("carelabel.cli.take:take", "Write a form's files as they were measured."),
        "rate": Lazy("carelabel.cli.recommend:rate", "Rate a label's figures by a scale."),
        "trust": Lazy("carelabel.cli.trust:trust", "Consent to loading a file that can run code."),
        "init": Lazy("carelabel.cli.init:init", "Write a first meta.yaml from a model and its data."),
        "demo": Lazy("carelabel.cli.demo:demo", "Train a small model on MNIST, ready to be labelled."),
        "list-tests": Lazy("carelabel.cli.lists:list_tests", "List the tests."),
        "list-converters": Lazy("carelabel.cli.lists:list_converters", "List the converters."),
        "list-metrics": Lazy("carelabel.cli.lists:list_metrics", "List the metrics."),
        "list-backends": Lazy("carelabel.cli.lists:list_backends", "List the backends: which files can be loaded."),
        "list-meters": Lazy("carelabel.cli.lists:list_meters", "List the energy meters."),
        "list-suites": Lazy("carelabel.cli.choices:list_suites", "List the suites."),
        "list-ratings": Lazy("carelabel.cli.choices:list_ratings", "List the rating scales."),
        "plugins": Lazy("carelabel.cli.plugins:app", "List plugins, or check one."),
        "schema": Lazy("carelabel.cli.labels:schema", "Print the JSON Schema of label, metadata and suite."),
        "doctor": Lazy("carelabel.cli.doctor:doctor", "Show what this machine has, and what is missing."),
    }
)


class _Commands(LazyGroup):
    lazy = COMMANDS


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    rich_markup_mode=None,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from carelabel import __version__  # noqa: PLC0415 - one line of help does not need it

        typer.echo(f"carelabel {__version__}")
        raise typer.Exit


@app.callback()
def carelabel(
    ctx: typer.Context,
    *,
    no_plugins: Annotated[
        list[str] | None,
        typer.Option("--no-plugins", metavar="NAME", help="Do not load this plugin; may be given several times."),
    ] = None,
    strict_plugins: Annotated[
        bool, typer.Option("--strict-plugins", help="Treat the first problem of a plugin as an error.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Care labels for trained models: what a model needs, what it does, and how well that is known."""
    del version
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help(), err=True)
        raise typer.Exit(EXIT_USAGE)
    ctx.obj = Globals(
        argv=globals_of(ctx).argv, disabled=tuple(no_plugins or ()), strict_plugins=strict_plugins, debug=debug
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and give its exit code: 0 to 4 and 130 as `carelabel.errors` has them.

    Args:
        argv: Arguments without the program's name; those of the process by default.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    start = Globals(argv=("carelabel", *words))
    try:
        with ended_like_ctrl_c():
            result = get_command(app)(words, prog_name="carelabel", standalone_mode=False, obj=start)
        sys.stdout.flush()
    except CareLabelError as error:
        print_error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        result = EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last frame: everything else is told in one line, with a traceback kept
        return _unexpected(error, words)
    if result == EXIT_INTERRUPTED:
        print_error("interrupted")
    return result if isinstance(result, int) else EXIT_DONE


def _unexpected(error: Exception, words: Sequence[str]) -> int:
    explain = getattr(error, "format_message", None)
    if explain is not None:  # typer's usage errors
        print_error(explain(), hint=_help_of(error))
        return EXIT_USAGE
    if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
        return _nowhere_to_write(error)
    if (told := about_paths(error)) is not None:
        print_error(*told)
        return EXIT_USAGE
    if "--debug" in words:
        raise error
    print_error(f"unexpected {type(error).__name__}: {error}", hint=write_traceback(error, words))
    return EXIT_UNEXPECTED


def _nowhere_to_write(error: OSError) -> int:
    """What was printed does not fit where it goes; the rest of it is dropped, or Python would try again at its end."""
    with Path(os.devnull).open("w", encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), sys.stdout.fileno())
    print_error(f"standard output must take all that is printed, found: {error.strerror}", hint="make room for it")
    return EXIT_USAGE


def _help_of(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path} --help" if context is not None else ""
