"""A suite: which tests and converters, with which parameters, budget and limits. YAML in, a frozen value out."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pydantic
import yaml

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from carelabel.plugin.records import Converter, Metric, Test

Cost = Literal["cheap", "normal", "expensive"]


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class TestChoice(_Part):
    """Which tests and metrics: by group and cost, or by id."""

    __test__ = False

    groups: tuple[str, ...] = pydantic.Field(("*",), description="Globs over groups of tests and metrics.")
    costs: tuple[Cost, ...] = pydantic.Field(("cheap", "normal"), description="Costs that are taken.")
    include: tuple[str, ...] = pydantic.Field((), description="Globs over ids that are taken in any case.")
    exclude: tuple[str, ...] = pydantic.Field((), description="Globs over ids that are left out in any case.")

    def takes(self, identifier: str, record: Test | Metric) -> bool:
        """Whether a test or metric belongs to the suite."""
        return _takes(self, identifier, record.cost, record.group, self.groups)


class ConverterChoice(_Part):
    """Which converters: by kind, target format and cost, or by id."""

    kinds: tuple[str, ...] = pydantic.Field(("*",), description="Globs over kinds of conversion.")
    targets: tuple[str, ...] = pydantic.Field(("*",), description="Globs over the formats they write.")
    costs: tuple[Cost, ...] = pydantic.Field(("cheap", "normal"), description="Costs that are taken.")
    include: tuple[str, ...] = pydantic.Field((), description="Globs over ids that are taken in any case.")
    exclude: tuple[str, ...] = pydantic.Field((), description="Globs over ids that are left out in any case.")

    def takes(self, identifier: str, record: Converter) -> bool:
        """Whether a converter belongs to the suite."""
        if not matches(record.target, self.targets) and not matches(identifier, self.include):
            return False
        return _takes(self, identifier, record.cost, record.conversion, self.kinds)


class Caps(_Part):
    """How large the cross product may become."""

    candidates: int = pydantic.Field(12, ge=1, description="Candidates at most, the original included.")
    depth: int = pydantic.Field(3, ge=0, description="Conversions on one path at most.")


class Timeouts(_Part):
    """Seconds that one call may take: of a test by the cost its record declares, of a model by what it does."""

    cheap: float = pydantic.Field(60.0, gt=0, description="A test or metric whose record says cheap.")
    normal: float = pydantic.Field(300.0, gt=0, description="A test or metric whose record says normal.")
    expensive: float = pydantic.Field(3600.0, gt=0, description="A test or metric whose record says expensive.")
    load: float = pydantic.Field(120.0, gt=0, description="Starting a worker, and loading a candidate in it.")
    predict: float = pydantic.Field(900.0, gt=0, description="Predicting all test rows.")


class Suite(_Part):
    """One suite."""

    name: str = pydantic.Field(description="Name, as on the label.")
    summary: str = pydantic.Field(description="One line.")
    tests: TestChoice = pydantic.Field(TestChoice(), description="Tests and metrics.")
    converters: ConverterChoice = pydantic.Field(ConverterChoice(), description="Converters.")
    platforms: tuple[str, ...] = pydantic.Field(("*",), description="Globs over platform ids.")
    parameters: dict[str, dict[str, Any]] = pydantic.Field({}, description="Id to parameters that differ.")
    caps: Caps = pydantic.Field(Caps(), description="Limits of the cross product.")
    timeouts: Timeouts = pydantic.Field(Timeouts(), description="Time limits of one call.")
    paired_s: float = pydantic.Field(20.0, gt=0, description="Seconds a paired test may take on one platform.")
    processes: int = pydantic.Field(
        1, ge=1, le=100, description="Processes of each candidate that take its turns in paired tests, one a round."
    )
    resamples: int = pydantic.Field(400, ge=100, description="Bootstrap resamples of quality figures.")
    parity: dict[str, float] = pydantic.Field({}, description="Parity limits that differ from the defaults.")


def _takes(choice: TestChoice | ConverterChoice, identifier: str, cost: str, word: str, globs: tuple[str, ...]) -> bool:
    if matches(identifier, choice.exclude):
        return False
    return matches(identifier, choice.include) or (cost in choice.costs and matches(word, globs))


def matches(word: str, globs: tuple[str, ...]) -> bool:
    """Whether one of the globs fits."""
    return any(fnmatchcase(word, glob) for glob in globs)


def suite_folder() -> Path:
    """Where the suites lie: inside an installed package, or beside it in a checkout."""
    inside = Path(__file__).parent.parent / "configs" / "suites"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "configs" / "suites"


def load_suite(name: str) -> Suite:
    """Read a suite by its name or from a file.

    Raises:
        UsageError: If there is none of that name, or the file is not a suite.
    """
    known = {path.stem: path for path in sorted(suite_folder().glob("*.yaml"))}
    path = known.get(name) or Path(name)
    if not path.is_file():
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else "or give the path of a YAML file"
        msg = f"--suite must be one of {', '.join(known)} or a YAML file, got {name!r}"
        raise UsageError(msg, hint)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Suite.model_validate(content)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        msg = f"{path}: a suite must be a readable YAML file: {error}"
        raise UsageError(msg, "see configs/suites/quick.yaml") from error
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        msg = f"{path}: {where}: {first['msg']}, got {first['input']!r}"
        raise UsageError(msg, "carelabel schema suite describes every field") from error
