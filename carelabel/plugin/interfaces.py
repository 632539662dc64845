"""The worker side of a plugin: what the code behind a record's ``entry`` looks like.

These are protocols and plain values. Nothing here imports numpy or a framework at run time, so that a worker's
imports are those of its candidate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from carelabel.model.facts import InputType, ModelFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from carelabel.data.rows import DataSet, Rows

At = dict[str, str | int | float]
"""Where on its surface a figure was taken: a flat map such as {"batch": 64}."""

Samples = dict[str, Any]
"""Raw samples of one turn: JSON values only, numbers and lists of numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformSpec:
    """The platform a worker runs on.

    Attributes:
        threads: Number of threads that libraries are told to use, which is the number of processors granted.
        pin: Number of processors that the worker is pinned to, or None.
        environment: Variables set before the first import.
    """

    id: str
    tags: tuple[str, ...]
    threads: int
    pin: int | None = None
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Artefact:
    """A model in one form: the submitted file or what a converter wrote.

    Attributes:
        path: File or folder.
        input_type: What its predictor takes; None lets the backend find out.
        facts: Facts of the submitted model (classes and task hold for every form).
        parameters: What the converter wants its backend to know, JSON values. ``note`` is one line for the label.
        compile_s: Seconds spent in an external compiler, a part of the conversion.
    """

    path: Path
    format: str
    facts: ModelFacts
    input_type: InputType | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    compile_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """One figure of a test. Either a value, or None with a reason.

    Attributes:
        quantity: Name of a `Quantity` that the test's record declares.
        interval: Lower and upper end at `level`, or None when there can be none (`method` says why).
        n: Number of independent observations behind the value.
        method: How the value and its interval were obtained, one line.
        grade: Of energy figures: metered, counter, modelled.
        flags: Stable words such as contended, more-threads, budget-ended, loops.
        detail: A typed object for curves and matrices: {"type": "curve", ...}.
        reason: Why the value is None.
    """

    quantity: str
    value: float | int | None
    at: At = field(default_factory=dict)
    interval: tuple[float, float] | None = None
    level: float | None = None
    n: int | None = None
    method: str = ""
    grade: str | None = None
    flags: tuple[str, ...] = ()
    detail: Mapping[str, Any] | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        """Hold the rule that what was not measured is null with a reason."""
        if (self.value is None) == (self.reason is None):
            msg = (
                f"{self.quantity}: a measurement has either a value or a reason, got {self.value!r} and {self.reason!r}"
            )
            raise ValueError(msg)


class Predictor(Protocol):
    """A loaded model.

    ``predict_proba`` and ``decision_function`` are None where the model has none. ``predict`` gives (n,) or
    (n, outputs): the classes themselves (not their indices), values, or cluster numbers. ``predict_proba``
    gives (n, k) in the order of the facts' classes.
    """

    input_type: InputType
    native: object

    def prepare(self, rows: Rows) -> Any:  # noqa: ANN401 - the container depends on the model
        """Bring rows to the input type; outside every timing, and reported apart."""

    def predict(self, x: Any) -> NDArray[Any]:  # noqa: ANN401 - as prepare gives it
        """Predict prepared rows."""

    predict_proba: Callable[[Any], NDArray[np.floating]] | None
    decision_function: Callable[[Any], NDArray[np.floating]] | None

    def close(self) -> None:
        """Give back what the model holds."""


class Backend(Protocol):
    """Code behind a `records.Backend`, made without arguments."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Find out the facts of a file, or None when it is not this backend's.

        Raises:
            LoadError: If it is this backend's and cannot be loaded; the message says what was found.
        """

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:
        """Load a model for a platform.

        Raises:
            LoadError: If it cannot be loaded.
        """


@runtime_checkable
class HasBoundaryRows(Protocol):
    """A backend that can place rows on the decision boundaries of its own model (split thresholds)."""

    def boundary_rows(self, predictor: Predictor, data: DataSet, limit: int, seed: int) -> BoundaryRows | None:
        """Rows on and next to split thresholds, for the parity check."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundaryRows:
    """Rows on and next to the thresholds of a model.

    Attributes:
        rows: (n, features) array.
        on_threshold: (n,) True where the row lies exactly on a threshold, False on its float32 neighbours.
    """

    rows: NDArray[Any]
    on_threshold: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvertContext:
    """What a converter gets beside the artefact and `out`, an empty folder that it writes into.

    Attributes:
        load: Loads the source artefact through its backend and gives the predictor (``.native`` is the model).
        test, train: Data; train is None when the metadata names none. An export without metadata has no rows in test.
        scratch: A folder of its own.
        threads: Number of threads it may use.
        seed: For everything random.
    """

    load: Callable[[], Predictor]
    test: DataSet
    train: DataSet | None
    scratch: Path
    threads: int
    seed: int


@dataclass(kw_only=True, slots=True)
class TestContext:
    """What a test in a candidate worker gets.

    Attributes:
        load: Loads the candidate anew and gives its predictor; the caller closes it.
        live: Gives the one predictor of this worker, loaded at first use (already loaded in a live worker).
        test, train: Data, mapped read-only.
        spawned_ns: `time.monotonic_ns` of the moment the parent started this process.
        meters: Meter id to its instance, made at first use.
        meter_facts: Meter id to what its record says: ``domain`` and ``grade``.
        timing_rows: Rows of the test set that timings rotate over.
        notes: Facts of this worker: import_s (imports during loads included), load_s (without them), first_call_s,
            threads, modules (top-level ones from elsewhere that were imported by the end of the first call). Where a
            fresh test came first (`Test.reusable`), there is no first_call_s, and modules are those after the load.
    """

    __test__ = False

    candidate: str
    platform: PlatformSpec
    artefact: Artefact
    facts: ModelFacts
    task: str
    test: DataSet
    train: DataSet | None
    load: Callable[[], Predictor]
    live: Callable[[], Predictor]
    scratch: Path
    seed: int
    spawned_ns: int
    timing_rows: int
    meters: Callable[[], Mapping[str, Meter]]
    notes: dict[str, Any] = field(default_factory=dict)
    meter_facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Predictions:
    """What a candidate answered on the test rows.

    Attributes:
        labels: (n,) or (n, outputs): classes, values or cluster numbers.
        probabilities: (n, k) or None. decision: (n,) or (n, k) or None.
    """

    labels: NDArray[Any]
    probabilities: NDArray[Any] | None = None
    decision: NDArray[Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreContext:
    """What a test in the scorer gets: predictions and data, no model."""

    candidate: str
    task: str
    facts: ModelFacts
    test: DataSet
    train: DataSet | None
    predictions: Predictions
    original: Predictions
    resamples: int
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PointRounds:
    """All rounds of one candidate at one point, for `PairedTest.summarise`.

    Attributes:
        own: Samples of each round in order; own[i] and original[i] were taken in the same round.
        original: The original's samples of the same rounds, or None (this is the original, or it failed).
        ended_by: ``precision`` when the planned number of rounds sufficed for the aim, ``budget`` otherwise.
        processes: How many processes took the rounds in turn: round i was taken in process i modulo their number.
    """

    at: At
    own: tuple[Samples, ...]
    original: tuple[Samples, ...] | None
    ended_by: str
    seed: int
    processes: int = 1


class PairedTest(Protocol):
    """Code behind a `records.Test` of style ``paired``, made without arguments in every worker that needs it."""

    def setup(self, context: TestContext, **parameters: Any) -> Sequence[At]:  # noqa: ANN401 - as declared
        """Prepare (inputs, warm-up) and name the points; every candidate must name the same ones.

        A test whose place is ``fresh`` names exactly one: each of its turns is a process of its own.
        """

    def turn(self, point: int) -> Samples:
        """Take one turn at one point; at least 50 ms of work where that is possible."""

    def statistic(self, samples: Samples) -> float:
        """The figure of one round whose precision decides on the number of rounds; runs in the scorer."""

    def summarise(self, rounds: PointRounds, **parameters: Any) -> Iterable[Measurement]:  # noqa: ANN401 - as above
        """Figures of one candidate at one point; runs in the scorer, without setup."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotMeasured:
    """Why a meter has no figure: no-counter, permission-denied, virtualised, no-driver, ...

    Attributes:
        text: One line. hint: What would make it work.
    """

    code: str
    text: str
    hint: str = ""


class Meter(Protocol):
    """Code behind a `records.Meter`, made without arguments.

    Two members are optional: ``period_s``, seconds between updates of its counter where that is more than 10 ms, and
    ``update()``, which is called every minute during long measurements, for counters that wrap around.
    """

    def probe(self) -> tuple[str, ...] | NotMeasured:
        """Names of the sensors it reads on this machine, or why there are none."""

    def start(self) -> None:
        """Begin to count."""

    def stop(self) -> Mapping[str, float] | NotMeasured:
        """Joules by sensor since start."""
