"""What a label concludes from its figures: ratings, their compound, and who is fastest where.

These parts are written as they were given: a reader asks whether a letter has an index, so no default is added.
"""

from __future__ import annotations

from typing import Annotated, Any

import pydantic

Interval = Annotated[list[float], pydantic.Field(min_length=2, max_length=2)]


def _without_defaults(schema: dict[str, Any]) -> None:
    """What is absent has no value, whatever stands in for it here."""
    for part in schema.get("properties", {}).values():
        part.pop("default", None)


class _Given(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(
        extra="allow", frozen=True, allow_inf_nan=False, json_schema_extra=_without_defaults
    )

    @pydantic.model_serializer(mode="wrap")
    def _as_given(self, handler: pydantic.SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


class RatingPart(_Given):
    """The letter of one property of a candidate on a platform; where there is none, so is no index."""

    candidate: str
    platform: str
    property: str
    letter: str = pydantic.Field(description="A to E, two of them, or n/a.")
    reason: str = pydantic.Field("", description="Why there is no letter.")
    quantity: str = pydantic.Field("", description="Of the figure that it is about.")
    at: dict[str, str | int | float] = pydantic.Field({}, description="Where on its surface.")
    index: float = pydantic.Field(1.0, description="How many times better than the yardstick.")
    interval: Interval = pydantic.Field([1.0, 1.0], description="Of the index.")
    yardstick: float = pydantic.Field(1.0, description="What an index of 1 stands for.")
    flags: list[str] = []


class TotalPart(_Given):
    """The letter of all properties together."""

    candidate: str
    platform: str
    letter: str
    reason: str = ""
    index: float = 1.0
    interval: Interval = [1.0, 1.0]
    moved: dict[str, float] = pydantic.Field({}, description="Property to its factor in the index.")
    weights: dict[str, float] = pydantic.Field({}, description="Of the properties that were rated; they add up to 1.")
    unused: dict[str, float] = pydantic.Field({}, description="Weights of the others.")


class ScalePart(_Given):
    """The rating scale."""

    name: str
    version: int


class CompoundPart(_Given):
    """What the letters add up to, by which scale."""

    scale: ScalePart | None = None
    of: list[TotalPart] = []


class StandingPart(_Given):
    """One candidate at one point of the surface."""

    candidate: str
    seconds_per_row: float = pydantic.Field(gt=0)
    ratio: float = pydantic.Field(1.0, gt=0, description="To the original, from paired rounds.")


class CrossoverPart(_Given):
    """Who is fastest on a platform at a batch size."""

    platform: str | None
    batch: int
    order: list[StandingPart] = pydantic.Field(min_length=1, description="Fastest first.")
    winner: str
    tied: list[str] = pydantic.Field([], description="Those that cannot be told from the winner.")
    unpaired: list[str] = pydantic.Field([], description="Compared with the winner by their own intervals.")
    break_even: dict[str, int | None] = pydantic.Field(
        {}, description="Predicted rows after which a conversion has paid for itself; null when it never does."
    )
