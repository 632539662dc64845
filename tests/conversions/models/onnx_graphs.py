"""Small graphs, as other programs write them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import skl2onnx
from onnx import TensorProto, helper, save
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge

from tests.conversions.models.given import TRAIN, WIDTH
from tests.conversions.models.trained import clouds, with_train

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.conversions.models.given import Given


def _from_sklearn(folder: Path, model: Any, x: NDArray[Any], y: NDArray[Any], task: str = "classification") -> Given:
    model.fit(x[:TRAIN], y[:TRAIN])
    options = {id(model): {"zipmap": False}} if task == "classification" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        types = [("rows", DoubleTensorType([None, WIDTH]))]
        graph = skl2onnx.convert_sklearn(model, initial_types=types, options=options)
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    return with_train(folder / "model.onnx", x, y, task)


def onnx_linear_float64(folder: Path) -> Given:
    x, y, _ = clouds()
    return _from_sklearn(folder, LogisticRegression(), x, y)


def onnx_ridge(folder: Path) -> Given:
    x, _, target = clouds()
    return _from_sklearn(folder, Ridge(), x, target, "regression")


def onnx_linear_operator(folder: Path) -> Given:
    """One operator of ai.onnx.ml with its weights in attributes: nothing that the quantiser knows."""
    x, y, _ = clouds()
    rng = np.random.default_rng(0)
    node = helper.make_node(
        "LinearClassifier",
        ["rows"],
        ["label", "scores"],
        domain="ai.onnx.ml",
        coefficients=rng.normal(size=3 * WIDTH).tolist(),
        intercepts=[0.0, 0.0, 0.0],
        classlabels_ints=[0, 1, 2],
        post_transform="SOFTMAX",
    )
    graph = helper.make_graph(
        [node],
        "linear",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, WIDTH])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 3]),
        ],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=9), folder / "model.onnx")
    return with_train(folder / "model.onnx", x, y)


def onnx_forest(folder: Path) -> Given:
    x, y, _ = clouds()
    model = RandomForestClassifier(5, random_state=0).fit(x[:TRAIN], y[:TRAIN])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        types = [("rows", FloatTensorType([None, WIDTH]))]
        graph = skl2onnx.convert_sklearn(model, initial_types=types, options={id(model): {"zipmap": False}})
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    return with_train(folder / "model.onnx", x, y)
