"""The options that ``run`` and ``plan`` share, and what they become."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carelabel.cli.context import globals_of
from carelabel.cli.words import parse_settings
from carelabel.errors import UsageError
from carelabel.options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="The model file.", show_default=False)]
Meta = Annotated[Path, typer.Option("--meta", "-m", metavar="PATH", help="The metadata, as carelabel init writes it.")]
Suite = Annotated[str, typer.Option("--suite", metavar="S", help="quick, full, another suite's name, or a YAML file.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="ID", help="Only this test, metric, converter, candidate or platform; globs; repeat."
    ),
]
Skip = Annotated[list[str] | None, typer.Option("--skip", metavar="ID", help="Leave this out; globs; repeat.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="TEST.PARAM=VALUE", help="Set a parameter; VALUE is YAML; repeat.")
]
Budget = Annotated[
    float | None, typer.Option("--budget", metavar="SECONDS", min=0.0, help="Seconds for all paired timing together.")
]
TrustPickle = Annotated[
    bool, typer.Option("--trust-pickle", help="Load this file although it can run code. Only if you trust its origin.")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="For everything random.", show_default=True)]


def run_options(  # noqa: PLR0913 - one each of the command line's words
    ctx: typer.Context,
    *,
    model: Path,
    meta: Path,
    suite: str,
    only: Sequence[str] | None,
    skip: Sequence[str] | None,
    settings: Sequence[str] | None,
    budget: float | None,
    resume: bool,
    trust_pickle: bool,
    seed: int,
    rating: str = "default",
) -> RunOptions:
    """What the user asks for, typed.

    Raises:
        UsageError: If a word cannot be read.
    """
    if budget is not None and not math.isfinite(budget):
        msg = f"--budget must be a number of seconds, got {budget:g}"
        raise UsageError(msg, "leave it out to take the suite's")
    general = globals_of(ctx)
    return RunOptions(
        model=model,
        meta=meta,
        suite=suite,
        only=tuple(only or ()),
        skip=tuple(skip or ()),
        settings=parse_settings(settings or ()),
        budget_s=budget,
        resume=resume,
        trust_pickle=trust_pickle,
        seed=seed,
        disabled=general.disabled,
        strict_plugins=general.strict_plugins,
        argv=general.argv,
        rating=rating,
    )
