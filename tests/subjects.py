"""The matrix of subjects that every flow test runs over: each writes a model, its data and a meta.yaml into a folder.

All are small, seeded and fast. Use them so::

    @pytest.mark.parametrize("make", SUBJECTS.values(), ids=SUBJECTS)
    def test_something(make, tmp_path):
        case = make(tmp_path)
        ... case.model, case.meta, case.task ...
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

TRAIN_ROWS = 300
TEST_ROWS = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A submitted model.

    Attributes:
        rows: Rows of the test set.
        executes_code: Whether loading it needs consent.
        converts: Whether skl2onnx can make an ONNX candidate of it.
    """

    name: str
    model: Path
    meta: Path
    task: str
    rows: int = TEST_ROWS
    executes_code: bool = True
    converts: bool = True


def binary_with_text_labels(folder: Path) -> Case:
    """A binary classifier whose classes are text, from a compressed joblib file."""
    import joblib  # noqa: PLC0415 - heavy imports wait until a subject is made
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above

    x, y = _points(classes=2)
    words = np.array(["no", "yes"])[y]
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / "model.joblib"
    joblib.dump(LogisticRegression().fit(x[:TRAIN_ROWS], words[:TRAIN_ROWS]), model, compress=3)
    return _case(folder, "binary-text", model, "classification", x, words)


def forest(folder: Path) -> Case:
    """A multi-class forest from a pickle."""
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - as above

    x, y = _points(classes=4)
    fitted = RandomForestClassifier(10, max_depth=6, random_state=0).fit(x[:TRAIN_ROWS], y[:TRAIN_ROWS])
    return _case(folder, "forest", _pickled(folder, fitted), "classification", x, y)


def regressor(folder: Path) -> Case:
    """A gradient boosting regressor; its targets hold no zero, so every metric is defined."""
    from sklearn.ensemble import GradientBoostingRegressor  # noqa: PLC0415 - as above

    rng = np.random.default_rng(2)
    x = rng.normal(size=(TRAIN_ROWS + TEST_ROWS, 5))
    y = 50.0 + 3.0 * x[:, 0] - 2.0 * x[:, 1] ** 2 + rng.normal(scale=0.3, size=len(x))
    fitted = GradientBoostingRegressor(n_estimators=20, random_state=0).fit(x[:TRAIN_ROWS], y[:TRAIN_ROWS])
    return _case(folder, "regressor", _pickled(folder, fitted), "regression", x, y)


def pipeline_on_frame(folder: Path) -> Case:
    """A Pipeline that takes a DataFrame with numbers and text categories, its data in .csv files."""
    import pandas as pd  # noqa: PLC0415 - as above
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - as above
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - as above
    from sklearn.pipeline import Pipeline  # noqa: PLC0415 - as above
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415 - as above

    rng = np.random.default_rng(3)
    n = TRAIN_ROWS + TEST_ROWS
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": rng.normal(50_000.0, 15_000.0, n).round(2),
            "city": rng.choice(["Lima", "Oslo", "Rome"], n),
            "sex": rng.choice(["f", "m"], n),
        }
    )
    wants = (table["income"] > 50_000) ^ (table["city"] == "Oslo") ^ (rng.random(n) < 0.1)
    bought = np.where(wants, "yes", "no")
    numbers, words = ["age", "income"], ["city", "sex"]
    encode = ColumnTransformer(
        [("numbers", StandardScaler(), numbers), ("words", OneHotEncoder(handle_unknown="ignore"), words)]
    )
    steps = [("encode", encode), ("forest", RandomForestClassifier(10, random_state=0))]
    fitted = Pipeline(steps).fit(table[:TRAIN_ROWS], bought[:TRAIN_ROWS])
    model = _pickled(folder, fitted)
    table["bought"] = bought
    table[TRAIN_ROWS:].to_csv(folder / "test.csv", index=False)
    table[:TRAIN_ROWS].to_csv(folder / "train.csv", index=False)
    data = {"test": "test.csv", "train": "train.csv", "target": "bought", "sensitive": ["sex"]}
    meta = _meta(folder, "pipeline", "classification", data)
    return Case(name="pipeline", model=model, meta=meta, task="classification")


def clusterer(folder: Path) -> Case:
    """K-means, with the true groups in the data."""
    from sklearn.cluster import KMeans  # noqa: PLC0415 - as above

    x, y = _points(classes=3)
    fitted = KMeans(3, n_init=3, random_state=0).fit(x[:TRAIN_ROWS])
    return _case(folder, "clusterer", _pickled(folder, fitted), "clustering", x, y)


def svc_without_probabilities(folder: Path) -> Case:
    """A support vector classifier that gives decision scores only."""
    from sklearn.svm import SVC  # noqa: PLC0415 - as above

    x, y = _points(classes=2)
    return _case(folder, "svc", _pickled(folder, SVC().fit(x[:TRAIN_ROWS], y[:TRAIN_ROWS])), "classification", x, y)


def onnx_without_probabilities(folder: Path) -> Case:
    """A graph that gives labels and nothing else, and comes from no scikit-learn model."""
    import onnx  # noqa: PLC0415 - as above
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415 - as above

    x, y = _points(classes=3)
    centres = np.stack([x[:TRAIN_ROWS][y[:TRAIN_ROWS] == k].mean(axis=0) for k in range(3)])
    # The nearest centre is where 2 x.c - |c|^2 is highest.
    weights = {"w": (2 * centres.T).astype(np.float32), "b": -(centres**2).sum(axis=1).astype(np.float32)}
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w", "b"], ["scores"]),
            helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
        ],
        "nearest-centre",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, x.shape[1]])],
        [helper.make_tensor_value_info("label", TensorProto.INT64, [None])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    onnx.save(model, path)
    case = _case(folder, "onnx-labels", path, "classification", x, y)
    return Case(
        name=case.name, model=path, meta=case.meta, task=case.task, rows=case.rows, executes_code=False, converts=False
    )


def one_test_row(folder: Path) -> Case:
    """A forest whose test set is one row: nothing can be resampled."""
    case = forest(folder)
    with np.load(folder / "test.npz") as held:
        row = {name: held[name][:1] for name in ("X", "y")}
    np.savez(folder / "test.npz", **row)
    return Case(name="one-row", model=case.model, meta=case.meta, task=case.task, rows=1)


SUBJECTS: Mapping[str, Callable[[Path], Case]] = {
    "binary-text": binary_with_text_labels,
    "forest": forest,
    "regressor": regressor,
    "pipeline": pipeline_on_frame,
    "clusterer": clusterer,
    "svc": svc_without_probabilities,
    "onnx-labels": onnx_without_probabilities,
    "one-row": one_test_row,
}
"""Name to the function that writes the subject."""


def _points(classes: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Overlapping clouds of points, so that no classifier is perfect."""
    rng = np.random.default_rng(classes)
    y = rng.integers(0, classes, TRAIN_ROWS + TEST_ROWS)
    centres = rng.normal(scale=1.2, size=(classes, 6))
    return centres[y] + rng.normal(scale=1.5, size=(len(y), 6)), y


def _pickled(folder: Path, estimator: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(estimator))
    return path


def _case(folder: Path, name: str, model: Path, task: str, *points: NDArray[Any]) -> Case:
    x, y = points
    np.savez(folder / "test.npz", X=x[TRAIN_ROWS:], y=y[TRAIN_ROWS:])
    np.savez(folder / "train.npz", X=x[:TRAIN_ROWS], y=y[:TRAIN_ROWS])
    data = {"test": "test.npz", "train": "train.npz"}
    return Case(name=name, model=model, meta=_meta(folder, name, task, data), task=task)


def _meta(folder: Path, name: str, task: str, data: Mapping[str, Any]) -> Path:
    path = folder / "meta.yaml"
    path.write_text(yaml.safe_dump({"name": name, "task": task, "data": dict(data)}), encoding="utf-8")
    return path
