"""Graphs that were submitted by themselves, with no scikit-learn model behind them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from carelabel.data.rows import DataSet, Rows
from carelabel.errors import LoadError, UsageError
from carelabel.plugin.interfaces import PlatformSpec
from carelabel_onnx.backend import RuntimeBackend
from carelabel_onnx.graph import graph_facts, read_graph
from carelabel_onnx.session import open_session
from tests.factories import make_data
from tests.plugins.carelabel_onnx.given import data_of, opened, points, saved, scores_only

if TYPE_CHECKING:
    from pathlib import Path

X, Y = points(60)
DATA = data_of(X, Y, (0, 1, 2))


def expected_scores(path: Any) -> Any:
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    return X.astype(np.float32) @ held["w"] + held["b"]


def test_scores_alone_become_labels_by_the_highest(tmp_path: Path) -> None:
    path = scores_only(tmp_path, 4)
    found, predictor = opened(path, DATA)
    scores = expected_scores(path)
    rows = predictor.prepare(DATA.rows)
    assert (found.task, found.family, found.classes) == ("classification", "linear", (0, 1, 2))
    assert (found.probabilities, found.decision) == (False, True)
    assert predictor.predict(rows).tolist() == scores.argmax(axis=1).tolist()
    np.testing.assert_allclose(predictor.decision_function(rows), scores, rtol=1e-5)
    assert predictor.predict_proba is None


def test_scores_that_sum_to_one_are_probabilities(tmp_path: Path) -> None:
    found, predictor = opened(scores_only(tmp_path, 4, last="Softmax"), DATA)
    assert (found.probabilities, found.decision) == (True, False)
    np.testing.assert_allclose(predictor.predict_proba(predictor.prepare(DATA.rows)).sum(axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("last", ["", "Sigmoid"])
def test_a_single_score_decides_between_two_classes(tmp_path: Path, last: Any) -> None:
    data = data_of(X, Y > 0, (False, True))
    path = scores_only(tmp_path, 4, last=last, classes=1)
    found, predictor = opened(path, data)
    rows = predictor.prepare(data.rows)
    raw = expected_scores(path)[:, 0]
    assert found.classes == (False, True)
    assert predictor.predict(rows).tolist() == (raw > 0).tolist()
    if last:
        chance = 1 / (1 + np.exp(-raw))
        np.testing.assert_allclose(predictor.predict_proba(rows), np.c_[1 - chance, chance], rtol=1e-4, atol=1e-6)
    else:
        np.testing.assert_allclose(predictor.decision_function(rows), raw, rtol=1e-5)


def test_text_classes_of_the_data_name_the_scores(tmp_path: Path) -> None:
    words = np.array(["a", "b", "c"])[Y]
    found, predictor = opened(scores_only(tmp_path, 4), data_of(X, words, ("a", "b", "c")))
    assert found.classes == ("a", "b", "c")
    assert set(predictor.predict(predictor.prepare(DATA.rows))) <= {"a", "b", "c"}


def test_classes_that_the_test_set_lacks_are_completed_only_where_they_are_numbers(tmp_path: Path) -> None:
    path = scores_only(tmp_path, 4)
    found, _ = opened(path, data_of(X, Y, (0, 2)))
    assert found.classes == (0, 1, 2)
    with pytest.raises(LoadError, match=r"gives 3 scores a row, so 3 classes must be known; the test set holds 2"):
        RuntimeBackend().inspect(path, data_of(X, Y, ("a", "b")))


def test_a_regression_without_classes_in_the_data(tmp_path: Path) -> None:
    path = scores_only(tmp_path, 4, classes=1)
    found, predictor = opened(path, data_of(X, X[:, 0]))
    assert (found.task, found.outputs, found.classes) == ("regression", 1, ())
    np.testing.assert_allclose(predictor.predict(predictor.prepare(DATA.rows)), expected_scores(path)[:, 0], rtol=1e-5)


def test_a_regression_of_several_outputs(tmp_path: Path) -> None:
    found, predictor = opened(scores_only(tmp_path, 4, classes=2), data_of(X, X[:, :2]))
    assert found.outputs == 2
    assert predictor.predict(predictor.prepare(DATA.rows)).shape == (60, 2)


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_a_fixed_batch_is_fed_in_calls_of_its_size(tmp_path: Path, batch: Any) -> None:
    path = scores_only(tmp_path, 4, batch=batch)
    found, predictor = opened(path, DATA)
    assert f"exactly {batch} rows a call" in found.warnings[0]
    assert predictor.predict(predictor.prepare(DATA.rows)).tolist() == expected_scores(path).argmax(axis=1).tolist()


def test_labels_with_maps_of_probabilities(tmp_path: Path) -> None:
    """What skl2onnx writes unless it is told not to: a list of dicts."""
    nodes = [
        helper.make_node("Softmax", ["x"], ["p"]),
        helper.make_node("ArgMax", ["p"], ["i"], axis=1, keepdims=0),
        helper.make_node("ArrayFeatureExtractor", ["names", "i"], ["found"], domain="ai.onnx.ml"),
        helper.make_node("Reshape", ["found", "flat"], ["label"]),
        helper.make_node("ZipMap", ["p"], ["maps"], domain="ai.onnx.ml", classlabels_strings=["u", "v", "w"]),
    ]
    kind = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    path = saved(
        tmp_path,
        nodes,
        [("x", TensorProto.FLOAT, [None, 3])],
        [("label", TensorProto.STRING, [None])],
        names=np.array(["u", "v", "w"], dtype=object),
        flat=np.array([-1]),
    )
    model = onnx.load(path)
    model.graph.output.append(helper.make_value_info("maps", helper.make_sequence_type_proto(kind)))
    onnx.save(model, path)
    x = X[:, :3]
    found, predictor = opened(path, data_of(x, Y, ("u", "v", "w")))
    assert found.classes == ("u", "v", "w")
    assert found.probabilities
    wanted = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    rows = predictor.prepare(data_of(x).rows)
    np.testing.assert_allclose(predictor.predict_proba(rows), wanted, rtol=1e-5)
    assert predictor.predict(rows).tolist() == np.array(["u", "v", "w"])[x.argmax(axis=1)].tolist()


def test_images_are_taken_in_their_shape_and_never_turned(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ReduceMean", ["x", "axes"], ["scores"], keepdims=0),
    ]
    path = saved(
        tmp_path,
        nodes,
        [("x", TensorProto.FLOAT, [None, 3, 8, 8])],
        [("scores", TensorProto.FLOAT, [None, 3])],
        axes=np.array([2, 3]),
    )
    images = np.random.default_rng(0).normal(size=(10, 3, 8, 8))
    facts = make_data(rows=10, features=192, shape=(3, 8, 8))
    data = DataSet(rows=Rows(array=images), target=None, groups={}, facts=facts)
    found, predictor = opened(path, data)
    assert found.input_type.shape == (3, 8, 8)
    np.testing.assert_array_equal(
        predictor.predict(predictor.prepare(data.rows)), images.astype(np.float32).mean(axis=(2, 3)).argmax(axis=1)
    )
    turned = DataSet(rows=Rows(array=np.moveaxis(images, 1, -1)), target=None, groups={}, facts=facts)
    with pytest.raises(LoadError, match="rows as the graph takes them, 3x8x8; it has 8x8x3"):
        RuntimeBackend().inspect(path, turned)


def test_rows_of_another_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="rows as the graph takes them, 5; it has 4"):
        RuntimeBackend().inspect(scores_only(tmp_path, 5), DATA)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    nodes = [helper.make_node("Add", ["size", "age"], ["y"])]
    inputs = [(name, TensorProto.FLOAT, [None, 1]) for name in ("size", "age")]
    path = saved(tmp_path, nodes, inputs, [("y", TensorProto.FLOAT, [None, 1])])
    rows = Rows(array=X[:, :2], names=("size", "age"))
    facts = make_data(classes=(), features=2, shape=(2,))
    found, predictor = opened(path, DataSet(rows=rows, target=X[:, 0], groups={}, facts=facts))
    assert (found.task, found.feature_names) == ("regression", ("size", "age"))
    np.testing.assert_allclose(predictor.predict(predictor.prepare(rows)), X[:, :2].sum(axis=1), rtol=1e-5, atol=1e-6)
    with pytest.raises(UsageError, match="missing 'age' among 'size', 'height'"):
        predictor.prepare(Rows(array=X[:, :2], names=("size", "height")))


def test_parameters_lie_in_initialisers_constants_and_subgraphs() -> None:
    """Counted by hand: 6 + 2 in the main graph, 5 in each branch; shapes and axes are no parameters."""

    def branch(name: Any) -> Any:
        constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.ones(5, np.float32)))
        return helper.make_graph([constant], name, [], [helper.make_tensor_value_info("c", TensorProto.FLOAT, [5])])

    nodes = [
        helper.make_node("Constant", [], ["pair"], value_floats=[1.0, 2.0]),
        helper.make_node("If", ["which"], ["y"], then_branch=branch("yes"), else_branch=branch("no")),
    ]
    held = [
        numpy_helper.from_array(np.ones((2, 3), np.float32), "w"),
        numpy_helper.from_array(np.array([2, 3]), "shape"),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("which", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [5])],
        held,
    )
    assert graph_facts(helper.make_model(graph)).parameters == 6 + 2 + 5 + 5


def test_weights_in_files_beside_are_part_of_the_model(tmp_path: Path) -> None:
    path = scores_only(tmp_path, 4)
    assert opened(path, DATA)[0].beside == {}
    beside = tmp_path / "beside.onnx"
    how = {"save_as_external_data": True, "location": "weights.bin", "size_threshold": 0}
    onnx.save_model(onnx.load(path), beside, **how)
    content = (tmp_path / "weights.bin").read_bytes()
    assert opened(beside, DATA)[0].beside == {"weights.bin": hashlib.sha256(content).hexdigest()}
    (tmp_path / "weights.bin").write_bytes(content[::-1])
    assert opened(beside, DATA)[0].beside == {"weights.bin": hashlib.sha256(content[::-1]).hexdigest()}


def test_families_by_operators(tmp_path: Path) -> None:
    assert read_graph(scores_only(tmp_path, 4)).family == "linear"
    nodes = [helper.make_node("Conv", ["x", "k"], ["y"])]
    path = saved(
        tmp_path,
        nodes,
        [("x", TensorProto.FLOAT, [None, 1, 4, 4])],
        [("y", TensorProto.FLOAT, [None, 1, 2, 2])],
        k=np.ones((1, 1, 3, 3), np.float32),
    )
    assert read_graph(path).family == "cnn"
    layers = [helper.make_node("MatMul", ["x", "a"], ["h"]), helper.make_node("MatMul", ["h", "a"], ["y"])]
    ends = ([("x", TensorProto.FLOAT, [None, 2])], [("y", TensorProto.FLOAT, [None, 2])])
    assert read_graph(saved(tmp_path, layers, *ends, a=np.eye(2, dtype=np.float32))).family == "mlp"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "must hold an ONNX graph; it is empty (0 bytes)"),
        (b"a, b\n1, 2\n", "it holds text that begins with 'a, b"),
        (b"PK\x03\x04" + bytes(60), "it holds a zip archive"),
        (b"\x80\x04\x95" + bytes(60), "it holds a pickle"),
        (b"\x08\x09\x12\xff\xff", "its bytes cannot be parsed, so it is cut off or of another format"),
    ],
    ids=["empty", "text", "zip", "pickle", "no protobuf"],
)
def test_a_bad_file_gives_one_line(tmp_path: Path, content: Any, text: Any) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(LoadError) as caught:
        RuntimeBackend().inspect(path, DATA)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cut_file_gives_one_line(tmp_path: Path) -> None:
    path = scores_only(tmp_path, 4)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(LoadError, match="its bytes cannot be parsed, so it is cut off"):
        RuntimeBackend().inspect(path, DATA)


def test_a_graph_for_a_later_runtime_says_so(tmp_path: Path) -> None:
    path = scores_only(tmp_path, 4)
    model = onnx.load(path)
    model.opset_import[0].version = 9999
    onnx.save(model, path)
    with pytest.raises(
        LoadError, match=r"model\.onnx must hold an ONNX graph that ONNX Runtime can run; it says: .*9999"
    ):
        RuntimeBackend().inspect(path, DATA)


def test_a_session_uses_the_threads_that_the_platform_grants(tmp_path: Path) -> None:
    platform = PlatformSpec(id="cpu-3", tags=("cpu",), threads=3)
    options = open_session(scores_only(tmp_path, 4), platform).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (3, 1)


def test_a_device_that_is_not_there_is_named(tmp_path: Path) -> None:
    platform = PlatformSpec(id="cuda:0", tags=("cuda",), threads=1)
    with pytest.raises(LoadError, match=r"needs ONNX Runtime's CUDAExecutionProvider; it offers .*CPU"):
        open_session(scores_only(tmp_path, 4), platform)


def test_predicting_imports_neither_scikit_learn_nor_onnx() -> None:
    code = (
        "import sys, carelabel_onnx.plugin as p; p.carelabel_backends(); p.carelabel_converters();"
        "first = {'numpy', 'onnxruntime'} & set(sys.modules);"
        "import carelabel_onnx.backend; print(first, {'sklearn', 'onnx', 'skl2onnx', 'pandas'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set() set()"
