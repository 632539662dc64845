"""What the matrix's models answer when they are loaded and asked without carelabel."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.subjects import Case


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """Truth and answers on the test rows, as lists; `rows` are the features where they are numbers.

    Attributes:
        relative: How near a figure of the probabilities comes when the same model is asked in another way.
    """

    rows: Any
    truth: Sequence[Any]
    labels: Sequence[Any]
    classes: Sequence[Any] = ()
    probabilities: Sequence[Sequence[float]] | None = None
    decision: Sequence[float] | None = None
    relative: float = 1e-9


def ask(case: Case) -> Answers:
    """Load a subject with its own library and let it answer the test rows."""
    if case.model.suffix == ".onnx":
        return _ask_onnx(case)
    if case.model.suffix in _SCORES:
        return _ask_file(case)
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


def _ask_file(case: Case) -> Answers:
    """A classifier in its own library's file, whose classes are 0, 1, ..."""
    rows, truth = _arrays(case)
    scores = _SCORES[case.model.suffix](case.model, rows)
    return Answers(
        rows=rows,
        truth=truth,
        labels=scores.argmax(axis=1).tolist(),
        classes=list(range(scores.shape[1])),
        probabilities=scores.tolist(),
        relative=1e-6 if scores.dtype == np.float32 else 1e-9,
    )


def _xgboost(path: Path, rows: NDArray[np.float64]) -> NDArray[np.floating]:
    import xgboost  # noqa: PLC0415 - only where it is needed

    found: NDArray[np.floating] = xgboost.Booster(model_file=path).predict(xgboost.DMatrix(rows))
    return found


def _lightgbm(path: Path, rows: NDArray[np.float64]) -> NDArray[np.floating]:
    import lightgbm  # noqa: PLC0415 - only where it is needed

    return np.asarray(lightgbm.Booster(model_file=path).predict(rows))


def _catboost(path: Path, rows: NDArray[np.float64]) -> NDArray[np.floating]:
    from catboost import CatBoostClassifier  # noqa: PLC0415 - only where it is needed

    return np.asarray(CatBoostClassifier().load_model(str(path)).predict_proba(rows))


def _keras(path: Path, rows: NDArray[np.float64]) -> NDArray[np.floating]:
    from carelabel_keras.library import import_keras  # noqa: PLC0415 - Keras with the back end that is installed

    return np.asarray(import_keras(None).saving.load_model(path).predict(rows.astype(np.float32), verbose=0))


def _torch_program(path: Path, rows: NDArray[np.float64]) -> NDArray[np.floating]:
    import torch  # noqa: PLC0415 - only where it is needed

    return _probabilities(torch.export.load(path).module(), rows)


def _torch_script(path: Path, rows: NDArray[np.float64]) -> NDArray[np.floating]:
    import torch  # noqa: PLC0415 - only where it is needed

    return _probabilities(torch.jit.load(path), rows)


def _probabilities(net: Any, rows: NDArray[np.float64]) -> NDArray[np.floating]:
    import torch  # noqa: PLC0415 - only where it is needed

    with torch.no_grad():
        found: NDArray[np.floating] = net(torch.tensor(rows, dtype=torch.float32)).softmax(dim=1).numpy()
    return found


_SCORES: Mapping[str, Callable[[Path, NDArray[np.float64]], NDArray[np.floating]]] = {
    ".json": _xgboost,
    ".txt": _lightgbm,
    ".cbm": _catboost,
    ".keras": _keras,
    ".pt2": _torch_program,
    ".pt": _torch_script,
}
"""Suffix of a classifier's file to its library's probabilities of its classes 0, 1, ..."""
