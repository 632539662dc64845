"""``carelabel recommend`` and ``carelabel rate``: what to deploy under requirements, and letters by another scale."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from carelabel.cli.labels import find_label
from carelabel.cli.output import print_json, print_text
from carelabel.errors import EXIT_DONE, EXIT_REQUIREMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.label.compare import Option, Recommendation

_NOTHING: Final = "nothing to rate: the label has no candidate on a platform"

LabelArgument = Annotated[str, typer.Argument(metavar="FILE|ID", help="A label's file, or its id or its beginning.")]
Require = Annotated[
    list[str] | None,
    typer.Option("--require", metavar="BOUND", help='Such as "latency_p50{batch=1} < 2ms" or "accuracy_drop < 0.005".'),
]
Rating = Annotated[str | None, typer.Option("--rating", metavar="SCALE", help="A rating scale's name, or a YAML file.")]
Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def recommend(  # noqa: PLR0913 - one each of the command line's words
    ctx: typer.Context,
    label: LabelArgument,
    *,
    require: Require = None,
    same_model: Annotated[
        bool, typer.Option("--same-model", help="Only forms whose answers are the original's: identical or equivalent.")
    ] = False,
    rating: Rating = None,
    as_json: Json = False,
) -> int:
    """Say which form to deploy under stated requirements, and what nearly made it."""
    from carelabel.label.compare import recommend as choose  # noqa: PLC0415 - --help goes without
    from carelabel.label.requirements import parse_requirement  # noqa: PLC0415 - as above

    requirements = [parse_requirement(text) for text in require or ()]
    document = _rated(find_label(ctx, label), rating)
    found = choose(document, requirements, same_model=same_model)
    if as_json:
        print_json(_json(found))
    else:
        from carelabel.plan import ORIGINAL  # noqa: PLC0415 - as above
        from carelabel.render.recommendation import render_recommendation  # noqa: PLC0415 - JSON needs no rich

        print_text(*render_recommendation(found, [item.text for item in requirements]))
        if found.best and found.best.candidate != ORIGINAL:
            typer.echo(f"its files: carelabel take {shlex.quote(label)} {shlex.quote(found.best.candidate)}")
    return EXIT_DONE if found.best else EXIT_REQUIREMENT


def rate(ctx: typer.Context, label: LabelArgument, *, rating: Rating = "default", as_json: Json = False) -> int:
    """Rate a label's figures by a scale; nothing is measured anew."""
    document = _rated(find_label(ctx, label), rating or "default")
    if as_json:
        print_json({"ratings": document["ratings"], "compound": document["compound"]})
    else:
        from carelabel.render.ratings import render_ratings  # noqa: PLC0415 - as above

        print_text(*(render_ratings(document) if document["ratings"] else [_NOTHING]))
    return EXIT_DONE


def _rated(document: Mapping[str, Any], scale: str | None) -> dict[str, Any]:
    """A label with the letters of another scale; its own when none is named."""
    if scale is None:
        return dict(document)
    from carelabel.label.rating import rate as rate_label  # noqa: PLC0415 - --help goes without
    from carelabel.label.scale import load_scale  # noqa: PLC0415 - as above

    ratings, compound = rate_label(document, load_scale(scale))
    return {**document, "ratings": ratings, "compound": compound}


def _json(found: Recommendation) -> dict[str, Any]:
    def options(items: tuple[Option, ...]) -> list[dict[str, Any]]:
        return [asdict(item) for item in items]

    return {
        "best": asdict(found.best) if found.best else None,
        "meeting": options(found.meeting),
        "near": options(found.near),
        "excluded": options(found.excluded),
    }
