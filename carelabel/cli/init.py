"""``carelabel init``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carelabel.cli.context import Globals, globals_of
from carelabel.cli.output import check_writable, print_json, unwritable
from carelabel.errors import EXIT_DONE, ConsentError, UsageError

if TYPE_CHECKING:
    from carelabel.model.facts import ModelFacts

TASKS = ("classification", "regression", "clustering")


def init(  # noqa: PLR0913 - one each of the command line's words
    ctx: typer.Context,
    *,
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="The model file.", show_default=False)],
    data: Annotated[Path, typer.Option("--data", metavar="PATH", help="The test set.")],
    target: Annotated[str | None, typer.Option("--target", metavar="T", help="Its target: a column or array.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="PATH", help="The file to write.")] = Path(
        "meta.yaml"
    ),
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Look into this file although it can run code.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> int:
    """Write a first meta.yaml from a model and its data, for you to look through."""
    from carelabel.model.template import first_metadata  # noqa: PLC0415 - here and below: it imports YAML

    _check_output(output)
    draft = first_metadata(model, data, target, folder=output.absolute().parent)
    facts, reason = _look(globals_of(ctx), model, data, target, trust_pickle=trust_pickle)
    text = draft if facts is None else first_metadata(model, data, target, facts=facts, folder=output.absolute().parent)
    _write_new(output, text)
    if as_json:
        print_json({"file": str(output), "model_seen": facts is not None, "reason": reason})
    else:
        consent = " --trust-pickle" if trust_pickle else ""
        typer.echo(f"wrote {output}; look through it, then: carelabel run {model} --meta {output}{consent}")
        if reason:
            typer.echo(f"carelabel: the model was not looked into, task and target are guesses: {reason}", err=True)
    return EXIT_DONE


def _look(
    general: Globals, model: Path, data: Path, target: str | None, *, trust_pickle: bool
) -> tuple[ModelFacts | None, str]:
    """Facts of the model, or None with the reason why it was not looked into.

    Reading the data needs the task, and the task stands in the model, so tasks are tried in turn.

    Raises:
        LoadError: If the model cannot be loaded.
    """
    reason = ""
    for task in TASKS:
        try:
            return _inspect(general, model, data, target, task=task, trust_pickle=trust_pickle), ""
        except ConsentError as error:
            return None, str(error)
        except UsageError as error:
            reason = reason or str(error)
    return None, reason


def _inspect(  # noqa: PLR0913 - what the user said
    general: Globals, model: Path, data: Path, target: str | None, *, task: str, trust_pickle: bool
) -> ModelFacts:
    from carelabel.base.home import find_home  # noqa: PLC0415 - as above
    from carelabel.base.host import probe_host  # noqa: PLC0415
    from carelabel.inspection.inspect import inspect_submission  # noqa: PLC0415
    from carelabel.model.metadata import read_submission  # noqa: PLC0415
    from carelabel.model.template import first_metadata  # noqa: PLC0415
    from carelabel.model.trust import is_trusted  # noqa: PLC0415
    from carelabel.process.time_accounting import Account  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="carelabel-init-") as folder:
        meta = Path(folder) / "meta.yaml"
        draft = first_metadata(model, data, target, folder=meta.parent)
        meta.write_text(draft.replace("task: classification", f"task: {task}", 1), encoding="utf-8")
        subject = inspect_submission(
            read_submission(model, meta),
            general.registry(),
            probe_host(),
            home=find_home().root,
            account=Account(),
            trust_pickle=trust_pickle,
            is_trusted=is_trusted,
        )
    return subject.model


def _check_output(path: Path) -> None:
    if path.exists():
        msg = f"the output {path} must be a new file, but it is there already"
        raise UsageError(msg, "name another with -o, or move it away")
    check_writable(path)


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise unwritable(path, error.strerror or str(error)) from error
