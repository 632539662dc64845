"""Tests, metrics and meters as plugins bring them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from carelabel.plugin.interfaces import Measurement, NotMeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from carelabel.plugin.interfaces import PointRounds, ScoreContext, TestContext

Samples = dict[str, Any]


def environment(context: TestContext) -> Iterator[Measurement]:
    """What the worker was given, seen at import time of a test's own code."""
    yield Measurement(quantity="threads", value=int(os.environ["OMP_NUM_THREADS"]), detail=dict(os.environ))


def cold(context: TestContext) -> Iterator[Measurement]:
    """A test in a fresh worker decides itself when the model is loaded."""
    before = "numpy" in sys.modules
    predictor = context.live()
    context.load().close()
    yield Measurement(
        quantity="loads",
        value=len(predictor.predict(predictor.prepare(context.test.rows[0:1]))),
        detail={"numpy_before": before, "notes": dict(context.notes), "rows": len(context.test)},
    )


def undeclared(context: TestContext) -> Iterator[Measurement]:
    yield Measurement(quantity="invented", value=1)


def no_measurement(context: TestContext) -> list[float]:
    return [1.0]


def nothing(context: TestContext) -> None:
    return None


def odd(context: TestContext, *, what: str) -> Iterator[Measurement]:
    """A figure with one field of another type than declared."""
    fields: dict[str, Any] = {
        "grade": {"grade": 3},
        "flags": {"flags": "contended"},
        "level": {"level": float("nan")},
        "n": {"n": float("inf")},
        "value": {"value": 10**400},
    }
    yield Measurement(**{"quantity": "loads", "value": 1, **fields[what]})


def scored(context: ScoreContext, *, factor: int = 1) -> Iterator[Measurement]:
    same = (context.predictions.labels == context.test.target).mean()
    yield Measurement(quantity="share", value=float(same) * factor, n=len(context.test))


class Paired:
    def setup(self, context: TestContext, *, batches: list[int]) -> list[dict[str, int]]:
        self.predictor = context.live()
        self.rows = context.test.rows
        self.batches = batches
        return [{"batch": batch} for batch in batches]

    def turn(self, point: int) -> Samples:
        answers = self.predictor.predict(self.predictor.prepare(self.rows[: self.batches[point]]))
        return {"seconds": [0.001 * len(answers)]}

    def statistic(self, samples: Samples) -> float:
        return samples["seconds"][0]

    def summarise(self, rounds: PointRounds, *, batches: list[int]) -> Iterator[Measurement]:
        ratio = None if rounds.original is None else rounds.original[0]["seconds"][0] / rounds.own[0]["seconds"][0]
        yield Measurement(
            quantity="time",
            value=rounds.own[0]["seconds"][0],
            at=rounds.at,
            n=len(rounds.own),
            method=rounds.ended_by,
            detail={"ratio": ratio},
        )


class NoSamples(Paired):
    def turn(self, point: int) -> Any:
        return 0.001


def hamming(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    return float((y_true != y_pred).mean())


class Battery:
    def probe(self) -> tuple[str, ...]:
        return ("left", "right")


class OddMeter:
    def probe(self) -> Any:
        return [{"zone": "package"}]


class NoMeter:
    def probe(self) -> NotMeasured:
        return NotMeasured(code="no-counter", text="there is no counter", hint="buy one")


class BrokenMeter:
    def probe(self) -> tuple[str, ...]:
        msg = "the bus is off"
        raise OSError(msg)
