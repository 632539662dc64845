"""int8 graphs: what is quantised, what it costs, and what has nothing to quantise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC

from carelabel.errors import CareLabelError, UnsupportedError
from carelabel.plugin.interfaces import Artefact, ConvertContext
from carelabel_onnx.backend import RuntimeBackend
from carelabel_onnx.graph import read_graph
from carelabel_onnx.quantise import CALIBRATION_ROWS, dynamic, static
from tests.plugins.carelabel_onnx.given import ONE_THREAD, array, converted, data_of, opened, points, saved

if TYPE_CHECKING:
    from pathlib import Path

X, Y = points(700)
DATA = data_of(X, Y, (0, 1, 2))
MLP = MLPClassifier((128, 64), max_iter=30, tol=1.0, random_state=0)


def quantised(
    function: Any, artefact: Artefact, folder: Path, data: Any = DATA, **changes: Any
) -> tuple[Artefact, Any]:
    """An artefact quantised, and its predictor."""
    out = folder / f"{function.__name__}-{len(list(folder.iterdir()))}"
    out.mkdir()

    def load() -> Any:
        return RuntimeBackend().load(artefact, ONE_THREAD)

    fields = {"load": load, "test": data, "train": data, "scratch": out, "threads": 1, "seed": 0, **changes}
    done = function(artefact, out, ConvertContext(**fields))
    return done, RuntimeBackend().load(done, ONE_THREAD)


@pytest.fixture
def network(tmp_path: Path) -> tuple[Artefact, Any]:
    return converted(tmp_path, MLP.fit(X, Y), DATA, array("float64"))


@pytest.mark.parametrize(("function", "operator"), [(dynamic, "MatMulInteger"), (static, "QuantizeLinear")])
def test_a_network_becomes_int8_and_smaller(tmp_path: Path, network: Any, function: Any, operator: str) -> None:
    source, original = network
    artefact, predictor = quantised(function, source, tmp_path)
    rows = predictor.prepare(DATA.rows)
    assert artefact.format == "onnx-int8"
    assert operator in read_graph(artefact.path).operators
    assert artefact.path.stat().st_size < 0.7 * source.path.stat().st_size
    np.testing.assert_allclose(predictor.predict_proba(rows), original.predict_proba(rows), rtol=0, atol=0.1)
    assert (predictor.predict(rows) != original.predict(rows)).mean() < 0.02


def test_learned_numbers_are_those_of_the_source(tmp_path: Path, network: Any) -> None:
    """However they are packed, and with which scales."""
    for function in (dynamic, static):
        artefact, _ = quantised(function, network[0], tmp_path)
        assert artefact.parameters["parameter_counts"] == network[0].parameters["parameter_counts"]


def test_probabilities_are_no_256_steps(tmp_path: Path, network: Any) -> None:
    _, predictor = quantised(static, network[0], tmp_path)
    assert len(np.unique(predictor.predict_proba(predictor.prepare(DATA.rows)))) > 3 * 256


@pytest.mark.parametrize("function", [dynamic, static])
def test_a_float64_graph_is_quantised_from_float32(tmp_path: Path, function: Any) -> None:
    source, original = converted(tmp_path, LogisticRegression().fit(X, Y), DATA, array("float64"))
    artefact, predictor = quantised(function, source, tmp_path)
    assert (source.input_type.dtype, artefact.input_type.dtype) == ("float64", "float32")
    found = predictor.predict_proba(predictor.prepare(DATA.rows))
    np.testing.assert_allclose(found, original.predict_proba(original.prepare(DATA.rows)), rtol=0, atol=0.06)


def test_a_regression_is_quantised_too(tmp_path: Path) -> None:
    truth = X @ np.array([1.0, -2.0, 0.5, 3.0])
    data = data_of(X, truth)
    model = MLPRegressor(hidden_layer_sizes=(16,), max_iter=60, tol=1.0, random_state=0).fit(X, truth)
    source, original = converted(tmp_path, model, data, array("float64"), task="regression", classes=())
    _, predictor = quantised(dynamic, source, tmp_path, data)
    wanted = original.predict(original.prepare(data.rows))
    np.testing.assert_allclose(predictor.predict(predictor.prepare(data.rows)), wanted, rtol=0, atol=0.1 * wanted.std())


@pytest.mark.parametrize("function", [dynamic, static])
def test_support_vectors_have_nothing_to_quantise(tmp_path: Path, function: Any) -> None:
    source, _ = converted(tmp_path, SVC().fit(X, Y), DATA, array("float64"))
    with pytest.raises(UnsupportedError, match=r"the graph must have .*Gemm, MatMul to quantise; it has "):
        quantised(function, source, tmp_path)


def test_a_product_of_two_inputs_has_no_weights(tmp_path: Path) -> None:
    nodes = [helper.make_node("Transpose", ["x"], ["t"]), helper.make_node("MatMul", ["x", "t"], ["y"])]
    path = saved(tmp_path, nodes, [("x", TensorProto.FLOAT, [4, 4])], [("y", TensorProto.FLOAT, [4, 4])])
    data = data_of(X, X)
    facts, _ = opened(path, data)
    source = Artefact(path=path, format="onnx", facts=facts, input_type=facts.input_type)
    with pytest.raises(UnsupportedError, match="must have weights that ONNX Runtime can quantise"):
        quantised(dynamic, source, tmp_path, data)


def test_static_ranges_come_from_training_rows_alone(tmp_path: Path, network: Any) -> None:
    source, _ = network
    with pytest.raises(CareLabelError, match="static quantisation needs training rows"):
        quantised(static, source, tmp_path, train=None)
    artefact, _ = quantised(static, source, tmp_path)
    assert artefact.parameters["calibration_rows"] == CALIBRATION_ROWS
    few, _ = quantised(static, source, tmp_path, train=DATA[:10])
    assert few.parameters["calibration_rows"] == 10


def test_the_same_seed_gives_the_same_file(tmp_path: Path, network: Any) -> None:
    files = {quantised(static, network[0], tmp_path)[0].path.read_bytes() for _ in range(2)}
    assert len(files) == 1


def test_weights_that_are_described_twice(tmp_path: Path, network: Any) -> None:
    """As torch writes them: the quantiser turns the weights of a Gemm, and not their second description."""
    weights = {"w": np.ones((3, 4), np.float32), "b": np.zeros(3, np.float32)}
    node = helper.make_node("Gemm", ["x", "w", "b"], ["scores"], transB=1)
    ends = [("x", TensorProto.FLOAT, [None, 4])], [("scores", TensorProto.FLOAT, [None, 3])]
    path = saved(tmp_path, [node], *ends, **weights)
    model = onnx.load(path)
    model.graph.value_info.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [3, 4]))
    onnx.save(model, path)
    facts, _ = opened(path, DATA)
    source = Artefact(path=path, format="onnx", facts=facts, input_type=facts.input_type)
    artefact, _ = quantised(dynamic, source, tmp_path)
    assert "MatMulInteger" in read_graph(artefact.path).operators


def test_a_graph_for_a_fixed_number_of_rows(tmp_path: Path) -> None:
    weights = {"w": np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)}
    node = helper.make_node("MatMul", ["x", "w"], ["scores"])
    path = saved(
        tmp_path, [node], [("x", TensorProto.FLOAT, [7, 4])], [("scores", TensorProto.FLOAT, [7, 3])], **weights
    )
    facts, original = opened(path, DATA)
    source = Artefact(path=path, format="onnx", facts=facts, input_type=facts.input_type)
    _, predictor = quantised(static, source, tmp_path)
    rows = predictor.prepare(DATA.rows)
    assert (predictor.predict(rows) != original.predict(rows)).mean() < 0.05
