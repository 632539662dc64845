"""What a plugin declares: frozen records that name their code as a string and import nothing.

A record is read in the parent process, where no framework may be imported; its ``entry`` is imported in
a worker only. New needs become new fields with defaults, so that old plugins go on working.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from carelabel.errors import Reason  # noqa: TC001 - annotations of records are evaluated
from carelabel.plugin.parameter import Parameter, check_choice

API_VERSION: Final = 1
ANY: Final[frozenset[str]] = frozenset({"*"})

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*\Z")
_ENTRY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z")
_PLATFORM = re.compile(r"[a-z0-9][a-z0-9-]*(:[0-9]+)?\Z")
_OF_THE_CORE = re.compile(r"(cpu-1t|cpu-all|cuda:[0-9]+)\Z")

ORIGINAL: Final = "original"
REFERENCE: Final = "reference"
"""Ids of candidates that no converter's slug may take: the submitted model, and the fixed workload that resource
figures are rated against, which is timed like a candidate, and nothing else."""

Cost = Literal["cheap", "normal", "expensive"]
Scope = Literal["subject", "candidate", "cell"]
Style = Literal["once", "paired"]
Place = Literal["candidate", "fresh", "scorer"]
ConverterKind = Literal["prune", "format", "quantise", "search", "reference", "export"]
MetricInput = Literal["labels", "probabilities", "scores", "clusters"]
Better = Literal["higher", "lower"]
Grade = Literal["metered", "counter", "modelled"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """A figure a test can put on the label.

    Attributes:
        unit: SI unit (``s``, ``B``, ``J``), ``1`` for ratios and counts.
        better: The direction that is better, or None where neither is.
        group: Where readers look for it: quality, parity, latency, memory, energy, ...
        meaning: One sentence for a reader of the label.
    """

    name: str
    unit: str
    better: Better | None
    group: str
    meaning: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """The part that all plugin records have in common.

    Attributes:
        name: Lower-case words joined by hyphens; the id is ``<entry point>.<name>``.
        summary: One line for the lists.
        entry: ``package.module:attribute`` of the code, imported in a worker only.
        tasks, frameworks, families: What it can deal with; ``ANY`` is written out, an empty set is an error.
            For tests, frameworks means the framework of the candidate that is measured.
        runs_on: Hardware tags that the platform of the worker must have.
        needs: What subject or machine must provide: train, labels, probabilities, decision, groups, compiler, ...
        requires: PEP 508 requirements of the code, checked against what is installed.
        unavailable: Why the code cannot run here, as the plugin found when it declared the record; for what `requires`
            cannot say, such as which of two packages of one name is installed.
        cost: How long it takes, roughly: cheap below a second, normal below a minute, else expensive.
        parameters: Declared parameters, passed to the code as keyword arguments.
        api: Version of this contract that the plugin was written for.
    """

    kind: ClassVar[str] = "record"

    name: str
    summary: str
    entry: str
    tasks: frozenset[str]
    frameworks: frozenset[str]
    families: frozenset[str] = ANY
    runs_on: frozenset[str] = frozenset({"cpu"})
    needs: frozenset[str] = frozenset()
    requires: tuple[str, ...] = ()
    unavailable: Reason | None = None
    cost: Cost = "normal"
    parameters: tuple[Parameter, ...] = ()
    api: int = API_VERSION

    def __post_init__(self) -> None:
        """Refuse a record that cannot be right."""
        if not _NAME.match(self.name):
            msg = f"a record's name must be lower-case letters, digits and hyphens, got {self.name!r}"
            raise ValueError(msg)
        if not _ENTRY.match(self.entry):
            msg = f"{self.name}: entry must be 'package.module:attribute', got {self.entry!r}"
            raise ValueError(msg)
        for label in ("tasks", "frameworks", "families"):
            words = getattr(self, label)
            if not isinstance(words, frozenset) or not words:
                msg = f"{self.name}: {label} must be a non-empty frozenset (ANY for all), got {words!r}"
                raise ValueError(msg)
        for label in ("runs_on", "needs"):
            if not isinstance(getattr(self, label), frozenset):
                msg = f"{self.name}: {label} must be a frozenset, got {getattr(self, label)!r}"
                raise TypeError(msg)
        check_choice(self.cost, Cost, f"{self.name}: cost")
        names = [parameter.name for parameter in self.parameters]
        if len(set(names)) != len(names):
            msg = f"{self.name}: every parameter must be declared once, got {', '.join(names)}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, slots=True)
class Backend(Record):
    """Loads files of some formats and predicts with them. Its entry is a class as `protocols.Backend`.

    Attributes:
        formats: Formats it loads; artefacts of converters find their backend by these.
        suffixes: File name endings it may own, with the dot.
        magic: First bytes it may own; empty when suffixes suffice.
        executes_code: True when loading the file can run code that is stored in it.
        framework: The framework of a candidate that this backend runs.
        provides: Words for `needs` that the facts of its models may hold beyond the core's own.
        usage: Python that calls such a file without carelabel, from ``path`` and ``rows`` to ``answers``, in one line;
            ``carelabel take`` writes it down beside the file.
    """

    kind: ClassVar[str] = "backend"

    formats: frozenset[str]
    suffixes: tuple[str, ...]
    framework: str
    magic: tuple[bytes, ...] = ()
    executes_code: bool = False
    provides: frozenset[str] = frozenset()
    usage: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Converter(Record):
    """An edge between formats. Its entry is ``convert(artefact, out, context, **parameters) -> Artefact``.

    Attributes:
        source: Formats it takes.
        conversion: What kind of edge it is. A ``reference`` takes nothing of the model but the shape of its inputs and
            outputs: it writes the fixed workload that resource figures are rated against. An ``export`` is made for
            other places: no candidate of a run, but what ``carelabel export --to SLUG`` writes.
        target: Format it writes.
        slug: Its part of a candidate's id, such as ``onnx`` in ``pruned-50+onnx``; the word for an export.
        lossless: True when the result must stay the same model; a result that is different then counts as failed.
        tolerance: What "the same" allows beyond `identical`, one line for the reader.
        timeout_s: Wall-clock limit of one conversion in seconds.
        memory_bytes: Cap on the converting process's address growth, or None.
    """

    kind: ClassVar[str] = "converter"

    source: frozenset[str]
    target: str
    conversion: ConverterKind
    slug: str
    lossless: bool
    tolerance: str = ""
    timeout_s: float = 300.0
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        """Refuse a converter that cannot be planned."""
        Record.__post_init__(self)
        check_choice(self.conversion, ConverterKind, f"{self.name}: conversion")
        if not _NAME.match(self.slug):
            msg = f"{self.name}: slug must be lower-case letters, digits and hyphens, got {self.slug!r}"
            raise ValueError(msg)
        if self.slug == ORIGINAL or (self.slug == REFERENCE and self.conversion != REFERENCE):
            msg = f"{self.name}: slug must be a word of its own, got {self.slug!r}, which is the core's"
            raise ValueError(msg)
        if not self.source:
            msg = f"{self.name}: source must name at least one format, got none"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, slots=True)
class Test(Record):
    """A measurement. Its entry is a function (style once) or a class as `protocols.PairedTest` (style paired).

    Attributes:
        group: What suites choose by: quality, resources, robustness, properties, ...
        scope: How often it runs: once a subject, once a candidate, or once a cell (candidate and platform).
        style: ``once``, or ``paired``: all candidates take turns in shuffled rounds.
        place: ``candidate`` the live worker that is timed, ``fresh`` a worker that has loaded nothing yet (for paired
            tests: a new one for every turn), ``scorer`` from predictions alone.
        reusable: Of a fresh test, True when its worker may go on to the timed rounds, which saves another start. It
            must leave `TestContext.live` open and as it was, and garbage collection, tracing, signals, environment
            and threads as they were; it must import nothing that watches or patches other code.
        quantities: Every figure it can give; others are refused.
        timeout_s: Limit of one call in seconds (one turn when paired); None takes the suite's.
    """

    __test__: ClassVar[bool] = False
    kind: ClassVar[str] = "test"

    group: str
    scope: Scope
    quantities: tuple[Quantity, ...]
    style: Style = "once"
    place: Place = "candidate"
    reusable: bool = False
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse a test that cannot be scheduled."""
        Record.__post_init__(self)
        check_choice(self.scope, Scope, f"{self.name}: scope")
        check_choice(self.style, Style, f"{self.name}: style")
        check_choice(self.place, Place, f"{self.name}: place")
        if not self.quantities:
            msg = f"{self.name}: a test must declare at least one quantity, got none"
            raise ValueError(msg)
        if self.style == "paired" and self.place == "scorer":
            msg = f"{self.name}: a paired test runs in candidate workers, not in the scorer"
            raise ValueError(msg)
        if self.reusable and (self.style, self.place) != ("once", "fresh"):
            found = f"style {self.style} in place {self.place}"
            msg = f"{self.name}: only a fresh test of style once can leave a reusable worker, got {found}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric(Record):
    """A figure from truth and prediction. Its entry is ``metric(y_true, y_pred, **parameters) -> float``.

    Attributes:
        input: What the second argument is: predicted labels (or values), class probabilities (n, k), decision
            scores, or cluster labels.
        range: Lowest and highest possible value.
        on_features: True when the first argument is the feature matrix instead of the truth (silhouette).
        unit: Unit, ``1`` for ratios; ``target`` for the unit of the target, ``target^2`` for its square.
    """

    kind: ClassVar[str] = "metric"

    input: MetricInput
    better: Better
    range: tuple[float, float]
    on_features: bool = False
    unit: str = "1"
    group: str = "quality"

    def __post_init__(self) -> None:
        """Refuse a metric that cannot be computed."""
        Record.__post_init__(self)
        check_choice(self.input, MetricInput, f"{self.name}: input")
        check_choice(self.better, Better, f"{self.name}: better")


@dataclass(frozen=True, kw_only=True, slots=True)
class Meter(Record):
    """An energy meter. Its entry is a class as `protocols.Meter`, used in workers."""

    kind: ClassVar[str] = "meter"

    domain: Literal["package", "dram", "board", "wall"]
    grade: Grade


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform(Record):
    """Hardware plus settings that a worker runs under.

    Attributes:
        slug: Its id on the label, such as ``cpu-1t``.
        tags: Hardware tags that this platform offers.
        environment: Environment variables set before the worker's first import.
        pin: Number of processors the worker is pinned to, or None for all it may use.
    """

    kind: ClassVar[str] = "platform"

    slug: str
    tags: frozenset[str]
    environment: tuple[tuple[str, str], ...] = ()
    pin: int | None = None

    def __post_init__(self) -> None:
        """Refuse a platform that a label could not name."""
        Record.__post_init__(self)
        if not _PLATFORM.match(self.slug):
            words = "lower-case letters, digits and hyphens, and may end in a number such as :0"
            msg = f"{self.name}: slug must be {words}, got {self.slug!r}"
            raise ValueError(msg)
        if _OF_THE_CORE.match(self.slug):
            msg = f"{self.name}: slug must be a word of its own, got {self.slug!r}, which is the core's"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, slots=True)
class Store(Record):
    """Where labels are kept. Its entry is a class as `carelabel.store.LabelStore`."""

    kind: ClassVar[str] = "store"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sink(Record):
    """Write-only destination of a label. Its entry is ``write(label, target, **parameters)``."""

    kind: ClassVar[str] = "sink"


@dataclass(frozen=True, kw_only=True, slots=True)
class Executor(Record):
    """Runs a plan. Its entry is ``run(plan, context) -> outcomes``."""

    kind: ClassVar[str] = "executor"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something about a plugin that a user should know; everything else goes on.

    Attributes:
        source: Entry point, with distribution and version where known.
        code: Stable word: import-failed, clash, too-new, unknown-word, invalid-record, ...
    """

    source: str
    code: str
    text: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """A record with its id and where it came from."""

    id: str
    record: Record
    distribution: str
    version: str
    builtin: bool = field(default=False)
