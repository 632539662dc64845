"""What the matrix's models answer when they are loaded and asked without carelabel."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.subjects import Case


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """Truth and answers on the test rows, as lists; `rows` are the features where they are numbers."""

    rows: Any
    truth: Sequence[Any]
    labels: Sequence[Any]
    classes: Sequence[Any] = ()
    probabilities: Sequence[Sequence[float]] | None = None
    decision: Sequence[float] | None = None


def ask(case: Case) -> Answers:
    """Load a subject with its own library and let it answer the test rows."""
    if case.model.suffix == ".onnx":
        return _ask_onnx(case)
    rows, truth = _table(case) if (case.model.parent / "test.csv").exists() else _arrays(case)
    model = _load(case)
    proba, decision = getattr(model, "predict_proba", None), getattr(model, "decision_function", None)
    return Answers(
        rows=rows,
        truth=truth,
        labels=model.predict(rows).tolist(),
        classes=getattr(model, "classes_", np.array([])).tolist(),
        probabilities=None if proba is None else proba(rows).tolist(),
        decision=None if decision is None else decision(rows).tolist(),
    )


def _load(case: Case) -> Any:
    if case.model.suffix == ".joblib":
        import joblib  # noqa: PLC0415 - only where it is needed

        return joblib.load(case.model)
    return pickle.loads(case.model.read_bytes())


def _arrays(case: Case) -> tuple[Any, list[Any]]:
    with np.load(case.model.parent / "test.npz") as held:
        return held["X"], held["y"].tolist()


def _table(case: Case) -> tuple[Any, list[Any]]:
    import pandas as pd  # noqa: PLC0415 - only where it is needed

    table = pd.read_csv(case.model.parent / "test.csv")
    return table.drop(columns="bought"), table["bought"].tolist()


def _ask_onnx(case: Case) -> Answers:
    import onnxruntime  # noqa: PLC0415 - only where it is needed

    rows, truth = _arrays(case)
    (labels,) = onnxruntime.InferenceSession(case.model).run(None, {"x": rows.astype(np.float32)})
    return Answers(rows=rows, truth=truth, labels=labels.tolist(), classes=sorted(set(truth)))
