"""``carelabel plan``."""

from __future__ import annotations

from typing import Annotated

import typer

from carelabel.cli import given
from carelabel.cli.output import print_json, print_text
from carelabel.errors import EXIT_DONE


def plan(  # noqa: PLR0913 - one each of the command line's words
    ctx: typer.Context,
    *,
    model: given.Model,
    meta: given.Meta,
    suite: given.Suite = "quick",
    only: given.Only = None,
    skip: given.Skip = None,
    settings: given.Set = None,
    budget: given.Budget = None,
    trust_pickle: given.TrustPickle = False,
    seed: given.Seed = 0,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show why each thing was left out, and parameters.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> int:
    """Show what a run would do, what not, and why."""
    from carelabel import pipeline  # noqa: PLC0415 - it imports every room
    from carelabel.base.json_codec import to_json  # noqa: PLC0415

    options = given.run_options(
        ctx,
        model=model,
        meta=meta,
        suite=suite,
        only=only,
        skip=skip,
        settings=settings,
        budget=budget,
        resume=False,
        trust_pickle=trust_pickle,
        seed=seed,
    )
    planned = pipeline.plan(options).plan
    if as_json:
        print_json(to_json(planned))
        return EXIT_DONE
    from carelabel.render.plan import render_plan  # noqa: PLC0415 - JSON needs no rich

    print_text(*render_plan(planned, explain=explain))
    return EXIT_DONE
