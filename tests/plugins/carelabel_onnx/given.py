"""Small graphs, data and converted estimators; a source comes as estimator and input type, without its backend."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from carelabel.data.rows import DataSet, Rows
from carelabel.model.facts import InputType, ModelFacts
from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec
from carelabel_onnx.backend import RuntimeBackend
from carelabel_onnx.convert import convert
from tests.factories import make_data, make_model

if TYPE_CHECKING:
    from pathlib import Path

ONE_THREAD = PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1)


def points(rows: int = 200, width: int = 4, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping clouds of float64 points that float32 does not hold exactly."""
    rng = np.random.default_rng(classes)
    y = rng.integers(0, classes, rows)
    return rng.normal(size=(rows, width)) + y[:, None], y


def data_of(x: np.ndarray, y: Any = None, classes: tuple[Any, ...] = ()) -> DataSet:
    facts = make_data(rows=len(x), features=x.shape[1], shape=x.shape[1:], classes=classes)
    return DataSet(rows=Rows(array=x), target=y, groups={}, facts=facts)


def saved(folder: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], **weights: np.ndarray) -> Path:
    """A graph in a file; `inputs` and `outputs` are (name, type, shape)."""
    ends = [[helper.make_tensor_value_info(*item) for item in group] for group in (inputs, outputs)]
    held = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "graph", *ends, held)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 1)]
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path


def scores_only(folder: Path, width: int, last: str = "", batch: int | None = None, classes: int = 3) -> Path:
    """A linear net without a label: its scores, or what `last` makes of them."""
    rng = np.random.default_rng(5)
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["raw" if last else "scores"])]
    nodes += [helper.make_node(last, ["raw"], ["scores"])] if last else []
    weights = {"w": rng.normal(size=(width, classes)), "b": rng.normal(size=classes)}
    return saved(
        folder,
        nodes,
        [("x", TensorProto.FLOAT, [batch, width])],
        [("scores", TensorProto.FLOAT, [batch, classes])],
        **{name: value.astype(np.float32) for name, value in weights.items()},
    )


def opened(path: Path, data: DataSet) -> tuple[ModelFacts, Any]:
    """Facts and predictor of a submitted graph."""
    facts = RuntimeBackend().inspect(path, data)
    assert facts is not None
    return facts, RuntimeBackend().load(Artefact(path=path, format="onnx", facts=facts), ONE_THREAD)


def converted(folder: Path, estimator: Any, data: DataSet, source: InputType, **changes: Any) -> tuple[Artefact, Any]:
    """A fitted estimator as a graph: the artefact and its predictor."""
    parameters = changes.pop("parameters", {})
    fields = {
        "framework": "scikit-learn",
        "format": "sklearn-pickle",
        "input_type": source,
        "n_features": source.shape[0] if source.shape else None,
        "classes": tuple(getattr(estimator, "classes_", np.empty(0)).tolist()),
        "probabilities": hasattr(estimator, "predict_proba"),
        "decision": hasattr(estimator, "decision_function"),
    }
    facts = make_model(**{**fields, **changes})
    model = SimpleNamespace(native=estimator, input_type=source)
    out = folder / "out"
    out.mkdir()
    context: Any = ConvertContext(
        load=lambda: model,
        test=data,
        train=None,
        scratch=folder,
        threads=1,
        seed=0,
    )
    artefact = convert(
        Artefact(path=folder / "model.pkl", format="sklearn-pickle", facts=facts), out, context, **parameters
    )
    return artefact, RuntimeBackend().load(artefact, ONE_THREAD)


def array(dtype: str, width: int = 4) -> InputType:
    return InputType(container="array", dtype=dtype, shape=(width,), rounds_to=dtype)
