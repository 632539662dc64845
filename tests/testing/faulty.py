"""Code behind records, right and wrong: what the conformance kit must tell apart."""

from __future__ import annotations

import gc
import itertools
import json
import random
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel import Measurement, NotMeasured
from carelabel.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from carelabel import PointRounds, TestContext
    from carelabel.plugin.interfaces import Samples


def error_rate(y_true: Any, y_pred: Any) -> float:
    return float(np.mean(y_true != y_pred))


def miss(y_true: Any, y_prob: Any, *, classes: Any) -> float:
    """Mean probability that is not given to the truth."""
    return float(1.0 - np.mean(y_prob[np.arange(len(y_true)), np.searchsorted(classes, y_true)]))


def miss_without_classes(y_true: Any, y_prob: Any) -> float:
    return miss(y_true, y_prob, classes=np.unique(y_true))


def fast(y_true: Any, y_pred: Any) -> float:
    return error_rate(y_true, y_pred)


def hasty(y_true: Any, y_pred: Any) -> float:
    return error_rate(y_true, y_pred)


fast.on_resamples = lambda y_true, y_pred, rows: (y_true != y_pred)[rows].mean(axis=1)  # type: ignore[attr-defined]
hasty.on_resamples = lambda y_true, y_pred, rows: (y_true == y_pred)[rows].mean(axis=1)  # type: ignore[attr-defined]


def pair_agreement(y_true: Any, y_pred: Any) -> float:
    """Rand 1971: share of pairs of rows that both put together or both keep apart."""
    return float(np.mean((y_true[:, None] == y_true) == (y_pred[:, None] == y_pred)))


def tightness(features: Any, clusters: Any) -> float:
    spread = sum(features[clusters == each].var(axis=0).sum() for each in np.unique(clusters))
    return float(1.0 / (1.0 + spread))


def swapped(y_pred: Any, y_true: Any) -> float:
    return float(np.mean(y_true != y_pred))


def percent(y_true: Any, y_pred: Any) -> float:
    return 100.0 * error_rate(y_true, y_pred)


def moody(y_true: Any, y_pred: Any) -> float:
    return error_rate(y_true, y_pred) * random.random()


def meddling(y_true: Any, y_pred: Any) -> float:
    value = error_rate(y_true, y_pred)
    y_pred[:] = y_pred[::-1]
    return value


def hollow(y_true: Any, y_pred: Any) -> float:
    return float("nan") if (y_true != y_pred).any() else 0.0


def vector(y_true: Any, y_pred: Any) -> Any:
    return np.zeros(2) + error_rate(y_true, y_pred)


def failing(y_true: Any, y_pred: Any) -> float:
    message = "not today"
    raise RuntimeError(message)


not_callable = 3


def tracing(context: TestContext) -> Iterator[Measurement]:
    tracemalloc.start()
    yield from rows(context)


def closing(context: TestContext) -> Iterator[Measurement]:
    yield from rows(context)
    context.live().close()


def uncollected(context: TestContext) -> Iterator[Measurement]:
    gc.disable()
    yield from rows(context)


def rows(context: TestContext) -> Iterator[Measurement]:
    yield Measurement(quantity="q", value=len(context.test), n=len(context.test), method="counted")


def undeclared(context: TestContext) -> Iterator[Measurement]:
    yield Measurement(quantity="z", value=len(context.test))


def bare_number(context: TestContext) -> Iterator[float]:
    yield float(len(context.test))


def infinite(context: TestContext) -> Iterator[Measurement]:
    yield Measurement(quantity="q", value=float("inf") * len(context.test))


def graded(context: TestContext) -> Iterator[Measurement]:
    yield Measurement(quantity="q", value=len(context.test), grade=3)  # type: ignore[arg-type]  # which is the fault


def twice(context: TestContext) -> Iterator[Measurement]:
    yield from (Measurement(quantity="q", value=1.0), Measurement(quantity="q", value=2.0))


def endless(context: TestContext) -> Iterator[Measurement]:
    for number in itertools.count():
        yield Measurement(quantity="q", value=1.0, at={"batch": number})


def unlevelled(context: TestContext) -> Iterator[Measurement]:
    yield Measurement(quantity="q", value=len(context.test), interval=(0.0, 20.0))


def nothing(context: TestContext) -> Iterator[Measurement]:
    yield from ()


class Paired:
    def setup(self, context: TestContext, **parameters: Any) -> Sequence[dict[str, Any]]:
        self.context = context
        return [{"batch": 1}]

    def turn(self, point: int) -> Samples:
        return {"seconds": [0.5, 0.25 + point]}

    def statistic(self, samples: Samples) -> float:
        return float(min(samples["seconds"]))

    def summarise(self, rounds: PointRounds, **parameters: Any) -> Iterator[Measurement]:
        yield Measurement(quantity="q", value=min(self.statistic(own) for own in rounds.own), at=dict(rounds.at))


class Numpyish(Paired):
    def turn(self, point: int) -> Samples:
        return {"seconds": object()}


class Remembering(Paired):
    """Summarises with what only `setup` knows, but the scorer never calls that."""

    def summarise(self, rounds: PointRounds, **parameters: Any) -> Iterator[Measurement]:
        yield Measurement(quantity="q", value=len(self.context.test))


class Forgetful(Paired):
    """Its statistic needs what only `setup` knows, but the scorer never calls that."""

    def statistic(self, samples: Samples) -> float:
        return float(len(self.context.test))

    def summarise(self, rounds: PointRounds, **parameters: Any) -> Iterator[Measurement]:
        yield Measurement(quantity="q", value=1.0)


class Boundless(Paired):
    def statistic(self, samples: Samples) -> float:
        return float("inf")


class TwoPoints(Paired):
    def setup(self, context: TestContext, **parameters: Any) -> Sequence[dict[str, Any]]:
        return [{"batch": 1}, {"batch": 2}]


class Turnless:
    def setup(self, context: TestContext, **parameters: Any) -> Sequence[dict[str, Any]]:
        return []


class JsonBackend:
    def inspect(self, path: Path, data: object) -> None:
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            message = f"{path.name} must be JSON, got something else"
            raise LoadError(message) from error

    def load(self, artefact: object, platform: object) -> None: ...


class CrashingBackend(JsonBackend):
    def inspect(self, path: Path, data: object) -> None:
        json.loads(path.read_bytes())


class CredulousBackend(JsonBackend):
    def inspect(self, path: Path, data: object) -> Any:
        return {"format": "json"}


class LoadOnly:
    def load(self, artefact: object, platform: object) -> None: ...


class WorkingMeter:
    joules = 1.5

    def probe(self) -> tuple[str, ...] | NotMeasured:
        return ("package-0",)

    def start(self) -> None: ...

    def stop(self) -> Mapping[str, float]:
        return {"package-0": self.joules}


class AbsentMeter(WorkingMeter):
    def probe(self) -> NotMeasured:
        return NotMeasured(code="no-counter", text="this machine has no counter")


class SilentMeter(WorkingMeter):
    def probe(self) -> tuple[str, ...]:
        return ()


class BackwardMeter(WorkingMeter):
    joules = -1.0


def convert(artefact: object, out: object, context: object) -> object:
    return artefact


def convert_little(artefact: object) -> object:
    return artefact
