"""Graphs with several inputs or outputs, and with images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from carelabel.data.columns import Column, PlainColumn, TextColumn
from carelabel.data.rows import DataSet, Rows
from carelabel.errors import LoadError
from carelabel_onnx.backend import RuntimeBackend
from tests.factories import make_data
from tests.plugins.carelabel_onnx.given import data_of, opened, points, saved

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet as Data

FLOAT, TEXT = TensorProto.FLOAT, TensorProto.STRING
X, Y = points(30, width=5)


def two_inputs(folder: Path, left: list[Any], right: list[Any]) -> Path:
    """Sums of three columns and of two, side by side."""
    nodes = [
        helper.make_node("Flatten", ["a"], ["flat_a"]),
        helper.make_node("Flatten", ["b"], ["flat_b"]),
        helper.make_node("ReduceSum", ["flat_a", "axis"], ["sum_a"]),
        helper.make_node("ReduceSum", ["flat_b", "axis"], ["sum_b"]),
        helper.make_node("Concat", ["sum_a", "sum_b"], ["scores"], axis=1),
    ]
    ends = [("a", FLOAT, left), ("b", FLOAT, right)]
    return saved(folder, nodes, ends, [("scores", FLOAT, [None, 2])], axis=np.array([1]))


def sums() -> np.ndarray:
    return np.c_[X[:, :3].sum(axis=1), X[:, 3:].sum(axis=1)]


def framed() -> Data:
    names = ("v", "w", "x", "y", "z")
    columns: dict[str, Column] = {n: PlainColumn(data=X[:, i], dtype="float64") for i, n in enumerate(names)}
    facts = make_data(rows=len(X), features=5, shape=(5,), classes=(0, 1), container="frame", columns=names)
    return DataSet(rows=Rows(columns=columns), target=Y > 0, groups={}, facts=facts)


@pytest.mark.parametrize("data", [data_of(X, Y > 0, (0, 1)), framed()], ids=["array", "frame"])
@pytest.mark.parametrize(
    ("left", "right"),
    [([None, 3], [None, 2]), (["n", 3], ["n", "open"]), ([None, 3], [None, 2, 1]), ([7, 3], [7, 2])],
    ids=["widths", "one open", "three axes", "fixed batch"],
)
def test_wide_inputs_take_columns_one_after_the_other(tmp_path: Path, data: Data, left: Any, right: Any) -> None:
    found, predictor = opened(two_inputs(tmp_path, left, right), data)
    assert (found.input_type.container, found.input_type.columns) == ("columns", ("a", "b"))
    assert found.n_features == 5
    assert "the graph's inputs take the columns of the data one after the other: a 3, b 2" in found.warnings
    rows = predictor.prepare(data.rows)
    assert predictor.predict(rows).tolist() == sums().argmax(axis=1).tolist()


def test_columns_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    path = two_inputs(tmp_path, [None, 3], [None, 3])
    with pytest.raises(LoadError, match=r"inputs of the graph take together \('a' 3, 'b' 3\), found 5"):
        RuntimeBackend().inspect(path, data_of(X, Y > 0, (0, 1)))


def test_inputs_without_a_width_are_refused(tmp_path: Path) -> None:
    path = two_inputs(tmp_path, [None, "p"], [None, "q"])
    with pytest.raises(LoadError, match="must have known widths, but a, b leave theirs open"):
        RuntimeBackend().inspect(path, data_of(X, Y > 0, (0, 1)))


@pytest.mark.parametrize("shape", [[None, 1], [None]], ids=["column", "vector"])
def test_inputs_of_one_value_take_the_columns_of_their_names(tmp_path: Path, shape: Any) -> None:
    nodes = [
        helper.make_node(
            "LabelEncoder", ["town"], ["there"], domain="ai.onnx.ml", classes_strings=["Oslo", "Rome"], default_int64=0
        ),
        helper.make_node("Cast", ["there"], ["number"], to=FLOAT),
        helper.make_node("Add", ["number", "age"], ["sum"]),
        helper.make_node("Reshape", ["sum", "flat"], ["y"]),
    ]
    ends = [("town", TEXT, shape), ("age", FLOAT, shape)]
    path = saved(tmp_path, nodes, ends, [("y", FLOAT, [None, 1])], flat=np.array([-1, 1]))
    columns = {
        "age": PlainColumn(data=np.array([1, 2, 3]), dtype="int64"),
        "town": TextColumn.of(["Rome", "Oslo", None], "str"),
    }
    facts = make_data(rows=3, features=2, shape=(2,), classes=(), container="frame", columns=("age", "town"))
    data = DataSet(rows=Rows(columns=columns), target=np.ones(3), groups={}, facts=facts)
    found, predictor = opened(path, data)
    assert found.warnings == ()
    assert predictor.predict(predictor.prepare(data.rows)).tolist() == [2.0, 2.0, 3.0]


def heads(folder: Path, *outputs: tuple[str, int]) -> Path:
    """Outputs of some widths: each is the first columns of the input plus its own number."""
    nodes = []
    weights = {}
    for number, (name, width) in enumerate(outputs):
        nodes.append(helper.make_node("Gemm", ["x", f"w{number}", f"b{number}"], [name]))
        weights[f"w{number}"] = np.eye(5, width, dtype=np.float32)
        weights[f"b{number}"] = np.full(width, number, np.float32)
    ends = [(name, FLOAT, [None, width]) for name, width in outputs]
    return saved(folder, nodes, [("x", FLOAT, [None, 5])], ends, **weights)


@pytest.mark.parametrize(
    ("outputs", "taken"),
    [
        ([("embedding", 5), ("out", 3)], "out"),
        ([("logits", 3), ("probabilities", 3)], "probabilities"),
        ([("features", 4), ("logits", 3), ("box", 1)], "logits"),
    ],
)
def test_of_several_outputs_the_one_that_fits_the_classes_is_taken(
    tmp_path: Path, outputs: list[tuple[str, int]], taken: str
) -> None:
    found, predictor = opened(heads(tmp_path, *outputs), data_of(X, Y, (0, 1, 2)))
    number = [name for name, _ in outputs].index(taken)
    scores = predictor.scores(predictor.prepare(Rows(array=X)))
    np.testing.assert_allclose(scores, X[:, :3] + number, rtol=1e-5, atol=1e-6)
    assert found.warnings[-1].startswith(f"of the graph's outputs {taken} is taken for the prediction; ")


def test_of_several_outputs_a_regression_takes_the_one_of_one_value(tmp_path: Path) -> None:
    found, predictor = opened(heads(tmp_path, ("hidden", 4), ("price", 1)), data_of(X, X[:, 0]))
    assert (found.task, found.outputs) == ("regression", 1)
    np.testing.assert_allclose(predictor.predict(predictor.prepare(Rows(array=X))), X[:, 0] + 1, rtol=1e-5, atol=1e-6)


def test_the_metadata_names_the_classes_in_the_order_of_the_scores(tmp_path: Path) -> None:
    facts = make_data(rows=30, features=5, shape=(5,), classes=("a", "b"), all_classes=("c", "b", "a"))
    data = DataSet(rows=Rows(array=X), target=np.array(["a", "b"] * 15), groups={}, facts=facts)
    found, predictor = opened(heads(tmp_path, ("scores", 3)), data)
    assert found.classes == ("c", "b", "a")
    wanted = np.array(["c", "b", "a"])[X[:, :3].astype(np.float32).argmax(axis=1)]
    assert predictor.predict(predictor.prepare(data.rows)).tolist() == wanted.tolist()


@pytest.mark.parametrize("batch", [None, 4], ids=["any batch", "batch of 4"])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("dtype", [FLOAT, TensorProto.UINT8], ids=["float32", "uint8"])
def test_images_in_both_layouts(tmp_path: Path, layout: str, batch: int | None, dtype: int) -> None:
    """The brightest channel, from pixels as they are laid down."""
    shape, axes = ([3, 4, 6], [2, 3]) if layout == "nchw" else ([4, 6, 3], [1, 2])
    nodes = [
        helper.make_node("Cast", ["x"], ["cast"], to=FLOAT),
        helper.make_node("ReduceMean", ["cast", "axes"], ["scores"], keepdims=0),
    ]
    ends = ([("x", dtype, [batch, *shape])], [("scores", FLOAT, [batch, 3])])
    path = saved(tmp_path, nodes, *ends, axes=np.array(axes))
    images = np.random.default_rng(0).integers(0, 256, (10, *shape), dtype=np.uint8)
    facts = make_data(rows=10, features=72, shape=tuple(shape), classes=(0, 1, 2))
    data = DataSet(rows=Rows(array=images), target=np.arange(10) % 3, groups={}, facts=facts)
    found, predictor = opened(path, data)
    assert found.input_type.shape == tuple(shape)
    wanted = images.mean(axis=tuple(axes)).argmax(axis=1)
    assert predictor.predict(predictor.prepare(data.rows)).tolist() == wanted.tolist()


def test_images_in_the_other_layout_are_refused_with_the_key_that_turns_them(tmp_path: Path) -> None:
    nodes = [helper.make_node("ReduceMean", ["x", "axes"], ["scores"], keepdims=0)]
    ends = ([("x", FLOAT, [None, 3, 4, 6])], [("scores", FLOAT, [None, 3])])
    path = saved(tmp_path, nodes, *ends, axes=np.array([2, 3]))
    facts = make_data(rows=2, features=72, shape=(4, 6, 3), classes=(0, 1, 2))
    data = DataSet(rows=Rows(array=np.ones((2, 4, 6, 3))), target=None, groups={}, facts=facts)
    with pytest.raises(LoadError, match=r"graph takes them, 3x4x6; it has 4x6x3 \(images: {layout: nchw}"):
        RuntimeBackend().inspect(path, data)
