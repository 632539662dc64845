"""A small model and the contexts that tests get, made without any framework."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel.model.facts import InputType, ModelFacts
from carelabel.plugin.interfaces import Artefact, PlatformSpec, Predictions, ScoreContext, TestContext
from carelabel.testing.samples import data_set, features

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from carelabel.data.rows import Rows

Numbers: TypeAlias = "Callable[[Any], NDArray[np.floating]]"

INPUT: Final = InputType(container="array", dtype="float64", shape=(3,))


class LinearModel:
    """Predicts the samples of `carelabel.testing.samples` rightly: the largest feature is the group."""

    def __init__(self, task: str) -> None:
        self.input_type = INPUT
        self.native: object = self
        self._task = task
        self._closed = False
        classified = task == "classification"
        self.predict_proba: Numbers | None = self._probabilities if classified else None
        self.decision_function: Numbers | None = self._scores if classified else None

    def prepare(self, rows: Rows) -> NDArray[np.float64]:
        """(n, 3) array.

        Raises:
            RuntimeError: If the model is closed.
        """
        if self._closed:
            msg = "the model is closed"
            raise RuntimeError(msg)
        return rows.array(dtype=np.float64)

    def predict(self, x: NDArray[np.float64]) -> NDArray[Any]:
        """(n,) labels, values or group numbers."""
        if self._task == "regression":
            return np.asarray(x @ np.array([1.0, 2.0, 3.0]) + 1.0)
        group: NDArray[Any] = np.argmax(x, axis=1)
        return np.array(["ash", "birch", "cedar"])[group] if self._task == "classification" else group

    def close(self) -> None:
        """From now on nothing can be asked of it."""
        self._closed = True

    def _scores(self, x: NDArray[np.float64]) -> NDArray[np.floating]:
        return np.asarray(x, dtype=np.float64)

    def _probabilities(self, x: NDArray[np.float64]) -> NDArray[np.floating]:
        powers = np.exp(x - x.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def facts_of(task: str, framework: str, family: str) -> ModelFacts:
    """Facts of a `LinearModel`."""
    return ModelFacts(
        framework=framework,
        format="fake",
        family=family,
        estimator="LinearModel",
        task=task,
        input_type=INPUT,
        n_features=3,
        classes=("ash", "birch", "cedar") if task == "classification" else (),
        probabilities=task == "classification",
        decision=task == "classification",
        parameters=4,
        counts={"coefficients": 4},
    )


def candidate_context(task: str, folder: Path, *, framework: str = "fake", family: str = "linear") -> TestContext:
    """What a test in a candidate worker gets, around a `LinearModel`; `folder` must be empty and exist."""
    model = folder / "model.fake"
    model.write_bytes(b"linear\n")
    scratch = folder / "scratch"
    scratch.mkdir()
    facts = facts_of(task, framework, family)
    live = LinearModel(task)
    return TestContext(
        candidate="original",
        platform=PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1, pin=1),
        artefact=Artefact(path=model, format="fake", facts=facts, input_type=INPUT),
        facts=facts,
        task=task,
        test=data_set(task),
        train=data_set(task),
        load=lambda: LinearModel(task),
        live=lambda: live,
        scratch=scratch,
        seed=0,
        spawned_ns=time.monotonic_ns(),
        timing_rows=10_000,
        meters=dict,
        notes={"import_s": 0.1, "load_s": 0.01, "first_call_s": 0.001, "threads": 1},
    )


def score_context(task: str, *, framework: str = "fake", family: str = "linear") -> ScoreContext:
    """What a test in the scorer gets: the right answers as the original's, and one mistake in the candidate's."""
    model = LinearModel(task)
    rows = features()
    labels = model.predict(rows)
    changed = labels.copy()
    changed[0] = labels[-1]
    probabilities = model.predict_proba(rows) if model.predict_proba is not None else None
    decision = model.decision_function(rows) if model.decision_function is not None else None
    return ScoreContext(
        candidate="original",
        task=task,
        facts=facts_of(task, framework, family),
        test=data_set(task),
        train=data_set(task),
        predictions=Predictions(labels=changed, probabilities=probabilities, decision=decision),
        original=Predictions(labels=labels, probabilities=probabilities, decision=decision),
        resamples=100,
        seed=0,
    )
