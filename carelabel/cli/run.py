"""``carelabel run``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carelabel.cli import given
from carelabel.cli.output import check_writable, print_json, print_text, write_file
from carelabel.cli.progress import choose_progress
from carelabel.cli.strangers import plain_document
from carelabel.errors import EXIT_DONE, EXIT_INCOMPLETE, RequirementError, UsageError
from carelabel.label.requirements import check, parse_requirement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carelabel.label.requirements import Requirement
    from carelabel.label.schema import Label
    from carelabel.options import RunOptions

_UNFINISHED = frozenset({"failed", "crashed", "timed_out"})


def run(  # noqa: PLR0913 - one each of the command line's words
    ctx: typer.Context,
    *,
    model: given.Model,
    meta: given.Meta,
    suite: given.Suite = "quick",
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="PATH", help="Write the label here.")] = None,
    only: given.Only = None,
    skip: given.Skip = None,
    settings: given.Set = None,
    budget: given.Budget = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last unfinished run of this plan.")] = False,
    trust_pickle: given.TrustPickle = False,
    seed: given.Seed = 0,
    rating: Annotated[
        str, typer.Option("--rating", metavar="SCALE", help="A rating scale, or a YAML file.")
    ] = "default",
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require", metavar="BOUND", help='Such as "latency_p50{batch=1} < 2ms"; exit code 4 if not met.'
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the label as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress on stderr.")] = False,
) -> int:
    """Measure a model in every form it could be deployed in; write its label."""
    options = given.run_options(
        ctx,
        model=model,
        meta=meta,
        suite=suite,
        only=only,
        skip=skip,
        settings=settings,
        budget=budget,
        resume=resume,
        trust_pickle=trust_pickle,
        seed=seed,
        rating=rating,
    )
    requirements = [parse_requirement(text) for text in require or ()]
    if output is not None:
        check_writable(output)
    label = _measure(options, requirements, quiet=quiet)
    document = plain_document(label.to_dict())
    try:
        if output is not None:
            _write(label, output)  # first: whoever reads the other output may go away
    finally:
        _show(document, as_json=as_json)
    hold(document, requirements)
    return exit_code(document)


def hold(document: Mapping[str, Any], requirements: Sequence[Requirement]) -> None:
    """Hold requirements against a label.

    Raises:
        RequirementError: If one is not met; all that are not are named.
    """
    missed = [verdict for verdict in (check(document, item) for item in requirements) if not verdict.met]
    if missed:
        msg = "; ".join(verdict.text for verdict in missed)
        raise RequirementError(msg, "carelabel recommend shows how near each form comes")


def _measure(options: RunOptions, requirements: Sequence[Requirement], *, quiet: bool) -> Label:
    from carelabel import pipeline  # noqa: PLC0415 - after the words have been read: it imports every room

    progress = choose_progress(quiet=quiet)
    try:
        return pipeline.run(options, progress=progress, requirements=requirements)
    finally:
        progress.finish()


def _show(document: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    from carelabel.render.text import render_label  # noqa: PLC0415 - JSON needs no rich

    print_text(*render_label(document))


def _write(label: Label, output: Path) -> None:
    from carelabel.pipeline import label_bytes  # noqa: PLC0415 - as above

    try:
        write_file(output, label_bytes(label))
    except UsageError as error:
        raise UsageError(error.message, f"the label is kept: carelabel show {label.id} --json") from error


def exit_code(document: Mapping[str, Any]) -> int:
    """0 when everything that was requested came out, 1 otherwise."""
    entries = [*document.get("outcomes", ()), *document.get("candidates", ())]
    return EXIT_INCOMPLETE if any(entry.get("status") in _UNFINISHED for entry in entries) else EXIT_DONE
