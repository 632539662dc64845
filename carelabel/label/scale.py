"""A rating scale: which figures are rated, by which index, against which fixed boundaries. YAML in, a value out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import pydantic
import yaml

from carelabel.errors import UsageError

LETTERS = ("A", "B", "C", "D", "E")


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


def _descending(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(upper <= lower for upper, lower in pairwise(values)) or min(values) <= 0:
        msg = "boundaries must be positive and fall from A to D"
        raise ValueError(msg)
    return values


Boundaries = Annotated[tuple[float, float, float, float], pydantic.AfterValidator(_descending)]


class Figure(_Part):
    """A measurement by its quantity and place on its surface."""

    quantity: str = pydantic.Field(description="Name of the quantity.")
    at: dict[str, str | int | float] = pydantic.Field({}, description="Where on its surface.")
    task: str | None = pydantic.Field(None, description="Task that it is for; any when left out.")


class Property(_Part):
    """One rated property."""

    weight: float = pydantic.Field(1.0, ge=0, description="Weight in the compound.")
    boundaries: Boundaries = pydantic.Field(description="Lowest index of A, B, C, D.")
    index: Literal["reference", "trivial"] = pydantic.Field(
        description="Against the reference workload, or against the trivial predictor."
    )
    figures: tuple[Figure, ...] = pydantic.Field(min_length=1, description="The first one that was measured counts.")


class Compound(_Part):
    """The letter of all properties together."""

    boundaries: Boundaries = pydantic.Field(description="Lowest index of A, B, C, D.")


class Scale(_Part):
    """A rating scale."""

    name: str
    version: int
    summary: str = ""
    properties: dict[str, Property]
    compound: Compound


def scale_folder() -> Path:
    """Where the scales lie: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "configs" / "ratings"
    return inside if inside.is_dir() else package.parent / "configs" / "ratings"


def load_scale(name: str = "default") -> Scale:
    """Read a scale by its name or from a file.

    Raises:
        UsageError: If there is none of that name, or the file is not a scale.
    """
    known = {path.stem: path for path in sorted(scale_folder().glob("*.yaml"))}
    path = known.get(name) or Path(name)
    if not path.is_file():
        msg = f"a rating scale must be one of {', '.join(known)} or a YAML file, got {name!r}"
        raise UsageError(msg)
    try:
        return Scale.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        msg = f"{path}: a rating scale must be a readable YAML file: {error}"
        raise UsageError(msg, "see configs/ratings/default.yaml") from error
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        msg = f"{path}: {where}: {first['msg']}, got {first['input']!r}"
        raise UsageError(msg, "see configs/ratings/default.yaml") from error
