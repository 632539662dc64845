"""The care label as a pydantic model; its JSON Schema is published by ``carelabel schema``.

Additive within a major version: readers ignore what they do not know, and writers never change the meaning of a field.
"""

from __future__ import annotations

from typing import Any, Literal

import pydantic

SCHEMA_VERSION = "1.0"

Number = float | int | Literal["nan", "inf", "-inf"]


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", frozen=True)


class ReasonPart(_Part):
    """Why something did not come out."""

    code: str = pydantic.Field(description="Stable word.")
    text: str = pydantic.Field(description="One line for a reader.")
    hint: str = pydantic.Field("", description="What would help.")


class SubjectPart(_Part):
    """The model as it was submitted."""

    name: str
    sha256: str
    bytes: int
    format: str
    framework: str
    family: str
    task: str
    estimator: str = ""
    facts: dict[str, Any] = pydantic.Field(description="What the backend found: classes, counts, input type, ...")
    consent: Literal["flag", "trusted-file", "none-needed"] = pydantic.Field(
        description="How loading a file that can run code was agreed to."
    )
    warnings: list[str] = []


class DataPart(_Part):
    """A data set."""

    sha256: str
    rows: int
    features: int
    shape: list[int]
    classes: list[Any] = []
    distribution: dict[str, int] = pydantic.Field({}, description="Class to number of rows.")
    missing: int = 0
    target: str = ""
    sensitive: list[str] = []


class EnvironmentPart(_Part):
    """Where it was measured."""

    python: str
    platform: str
    processor: str
    processors: int = 0
    memory_bytes: int | None
    packages: dict[str, str]
    isolation: Literal["full", "reduced"]
    lock: Literal["machine", "container"] = pydantic.Field(description="Scope of the measuring lock.")


class SensorPart(_Part):
    """An energy meter on this machine."""

    id: str
    grade: str | None = None
    reason: ReasonPart | None = pydantic.Field(None, description="Why it has no counter here.")
    counters: list[str] = pydantic.Field([], description="What it reads here.")


class PlatformPart(_Part):
    """Hardware and settings that cells are measured under."""

    id: str
    tags: list[str]
    threads: int
    sensors: list[SensorPart] = []


class ParityPart(_Part):
    """How far a candidate is still the same model."""

    # "class" is a word of Python
    parity_class: Literal["identical", "equivalent", "different", "undecided"] = pydantic.Field(alias="class")
    rows: int
    flips: int | None = None
    flips_upper_95: Number | None = None
    max_abs: Number | None = None
    p99_abs: Number | None = None
    ties: int | None = None


class CandidatePart(_Part):
    """One form of the model."""

    id: str
    parent: str | None
    converter: str | None
    parameters: dict[str, Any] = {}
    format: str = ""
    status: Literal["built", "failed", "skipped"]
    reason: ReasonPart | None = None
    sha256: str | None = None
    bytes: int | None = None
    convert_s: float | None = None
    compile_s: float | None = None
    cached: bool = False
    lossless: bool = True
    parity: ParityPart | None = None


class MeasurementPart(_Part):
    """One figure. Its key is (candidate, platform, test, quantity, at)."""

    candidate: str
    platform: str | None
    test: str
    quantity: str
    at: dict[str, str | int | float] = pydantic.Field({}, description="Where on its surface the figure was taken.")
    value: Number | None
    unit: str
    interval: list[Number] | None = None
    level: float | None = None
    n: int | None = None
    method: str = ""
    grade: str | None = None
    flags: list[str] = []
    better: Literal["higher", "lower"] | None = None
    group: str = ""
    detail: dict[str, Any] | None = pydantic.Field(None, description="Curves and matrices, typed.")
    reason: str | None = pydantic.Field(None, description="Why the value is null.")
    samples: str | None = pydantic.Field(None, description="Raw samples, relative to the run's folder.")


class OutcomePart(_Part):
    """How one planned cell ended."""

    candidate: str
    platform: str | None
    test: str
    status: Literal["measured", "failed", "crashed", "timed_out", "skipped"]
    reason: ReasonPart | None = None
    seconds: float = 0.0
    log: str | None = None


class SkipPart(_Part):
    """Something that was not planned, and the rule."""

    what: str
    code: str
    text: str
    hint: str = ""


class ProblemPart(_Part):
    """Something about a plugin, or about the model, that a reader should know."""

    source: str
    code: str
    text: str
    hint: str = ""


class ReproducePart(_Part):
    """How to get this label again."""

    argv: list[str]
    seed: int
    plan_sha256: str
    inputs: dict[str, str] = {}
    versions: dict[str, str] = {}
    suite: str = ""


class ToolPart(_Part):
    """What wrote the label."""

    name: str
    version: str


class Label(_Part):
    """A care label."""

    schema_version: str = pydantic.Field(SCHEMA_VERSION, alias="schema")
    id: str
    created: str = pydantic.Field(description="UTC, ISO 8601.")
    tool: ToolPart
    subject: SubjectPart
    data: dict[str, DataPart | None]
    environment: EnvironmentPart
    platforms: list[PlatformPart]
    candidates: list[CandidatePart]
    quantities: dict[str, str] = pydantic.Field({}, description="Quantity (test.quantity) to what it means.")
    measurements: list[MeasurementPart]
    outcomes: list[OutcomePart]
    skipped: list[SkipPart]
    ratings: list[dict[str, Any]] = []
    compound: dict[str, Any] = {}
    crossover: list[dict[str, Any]] = pydantic.Field([], description="Which candidate is fastest where.")
    problems: list[ProblemPart] = []
    accounting: dict[str, float] = pydantic.Field({}, description="Seconds by what the run spent them on.")
    reproduce: ReproducePart

    def to_dict(self) -> dict[str, Any]:
        """The label as a JSON object."""
        return self.model_dump(mode="json", by_alias=True)
