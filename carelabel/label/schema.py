"""The care label as a pydantic model; its JSON Schema is published by ``carelabel schema``.

Additive within a major version: readers ignore what they do not know, and writers never change the meaning of a field.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import pydantic

from carelabel.label.packing import read
from carelabel.label.verdicts import CompoundPart, CrossoverPart, RatingPart

SCHEMA_VERSION = "1.0"

Number = float | int | Literal["nan", "inf", "-inf"]
Interval = Annotated[list[Number], pydantic.Field(min_length=2, max_length=2)]


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)


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
    rows: int = pydantic.Field(ge=1)
    features: int
    shape: list[int]
    classes: list[Any] = []
    all_classes: list[Any] = pydantic.Field([], description="Those that no row has included.")
    distribution: dict[str, int] = pydantic.Field({}, description="Class to number of rows.")
    missing: int = pydantic.Field(0, description="Cells without a value.")
    bytes: int = pydantic.Field(0, description="Of the file.")
    target: str = ""
    sensitive: list[str] = []


class EnvironmentPart(_Part):
    """Where it was measured."""

    python: str
    platform: str
    processor: str
    processors: int = 0
    gpus: list[str] = pydantic.Field([], description="Accelerators, in the order of their numbers.")
    memory_bytes: int | None
    packages: dict[str, str]
    isolation: Literal["full", "reduced"]
    lock: Literal["machine", "container", "folder"] = pydantic.Field(
        description="Whom the measuring lock kept apart: runs of the machine, of a container, or of one TMPDIR."
    )
    resumed: bool = pydantic.Field(default=False, description="Whether an interrupted run was gone on with.")
    recalled: bool = pydantic.Field(
        default=False,
        description="Whether facts of model and data were taken over from an earlier inspection of the same files.",
    )


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
    pin: int | None = pydantic.Field(None, description="Number of processors that workers are pinned to.")
    sensors: list[SensorPart] = []


class ParityPart(_Part):
    """How far a candidate is still the same model."""

    # "class" is a word of Python
    parity_class: Literal["identical", "equivalent", "different", "undecided"] = pydantic.Field(alias="class")
    rows: int
    flips: int | None = None
    flips_upper_95: Number | None = None
    max_abs: Number | None = pydantic.Field(None, description="Largest difference of probabilities or values.")
    p99_abs: Number | None = None
    max_over_iqr: Number | None = pydantic.Field(None, description="Regression: in interquartile ranges of the target.")
    p99_over_sd: Number | None = pydantic.Field(None, description="Regression: in standard deviations of the target.")
    ties: int | None = pydantic.Field(None, description="Rows whose two best classes are as good as equal.")
    tie_flips: int | None = None
    compared: str = pydantic.Field("", description="Labels, labels and probabilities, or values.")
    neighbours: dict[str, Any] | None = pydantic.Field(None, description="Rows next to split thresholds.")
    on_threshold: dict[str, Any] | None = pydantic.Field(None, description="Rows exactly on split thresholds.")
    mcnemar_p: Number | None = pydantic.Field(None, description="Exact; classifiers only.")
    accuracy: dict[str, Any] | None = pydantic.Field(None, description="Of both, with two one-sided tests.")
    worst: list[dict[str, Any]] = pydantic.Field([], description="Rows that speak most against it.")
    because: list[str] = pydantic.Field([], description="Conditions that do not hold.")


class CandidatePart(_Part):
    """One form of the model."""

    id: str
    parent: str | None
    converter: str | None
    parameters: dict[str, Any] = {}
    format: str = ""
    backend: str = pydantic.Field("", description="Id of what loads it.")
    status: Literal["built", "failed", "skipped"]
    reason: ReasonPart | None = None
    sha256: str | None = None
    bytes: int | None = None
    convert_s: float | None = None
    compile_s: float | None = None
    cached: bool = False
    lossless: bool = pydantic.Field(default=True, description="Whether it claims to be the same model.")
    tolerance: str = pydantic.Field("", description="What the same allows here.")
    parity: ParityPart | None = None
    answers_on: str | None = pydantic.Field(None, description="Platform whose answers parity and quality are of.")
    parity_on: dict[str, ParityPart] = pydantic.Field(
        {}, description="Parity by platform, where another engine, hardware or environment runs it."
    )
    notes: dict[str, Any] = pydantic.Field({}, description="What was noticed while it was built and predicted.")


class MeasurementPart(_Part):
    """One figure. Its key is (candidate, platform, test, quantity, at)."""

    candidate: str
    platform: str | None
    test: str
    quantity: str
    at: dict[str, str | int | float] = pydantic.Field({}, description="Where on its surface the figure was taken.")
    value: Number | None
    unit: str
    interval: Interval | None = None
    level: float | None = None
    n: int | None = pydantic.Field(None, ge=0)
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
    run: str = pydantic.Field(
        "", description="Name of the run's folder, below runs/ in CARELABEL_HOME; logs and samples are relative to it."
    )


class ToolPart(_Part):
    """What wrote the label."""

    name: str
    version: str


class Label(_Part):
    """A care label."""

    schema_version: str = pydantic.Field(SCHEMA_VERSION, alias="schema")
    id: str
    created: str = pydantic.Field(description="UTC, ISO 8601.", json_schema_extra={"format": "date-time"})
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
    ratings: list[RatingPart] = []
    compound: CompoundPart = CompoundPart()
    crossover: list[CrossoverPart] = pydantic.Field([], description="Which candidate is fastest where.")
    problems: list[ProblemPart] = []
    accounting: dict[str, float] = pydantic.Field({}, description="Seconds by what the run spent them on.")
    reproduce: ReproducePart

    @pydantic.model_validator(mode="before")
    @classmethod
    def _unpack(cls, document: Any) -> Any:  # noqa: ANN401 - whatever is to be validated
        try:
            return read(document) if isinstance(document, dict) else document
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            msg = f"what stands once for many rows does not fit together: {type(error).__name__}: {error}"
            raise ValueError(msg) from error

    @pydantic.field_validator("created")
    @classmethod
    def _is_time(cls, created: str) -> str:
        try:
            dt.datetime.fromisoformat(created)
        except ValueError as error:
            msg = f"a time must be written as ISO 8601 says, got {created[:40]!r}"
            raise ValueError(msg) from error
        return created

    @pydantic.field_validator("data")
    @classmethod
    def _has_test(cls, data: dict[str, DataPart | None]) -> dict[str, DataPart | None]:
        if data.get("test") is None:
            msg = "test data must be on it"
            raise ValueError(msg)
        return data

    def to_dict(self) -> dict[str, Any]:
        """The label as a JSON object."""
        return self.model_dump(mode="json", by_alias=True)
