"""Subjects with other inputs than tables of numbers: images, text, sparse rows; each writes a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.subjects import TEST_ROWS, TRAIN_ROWS, Case, _meta, _pickled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

IMAGES_A_CLASS = 20
SIDE = 8
ANIMALS = ("cat", "dog", "emu")
SPARSE_FEATURES = 60
WORDS = {
    "spam": ("win", "cash", "prize", "free", "call", "now", "claim", "urgent"),
    "ham": ("home", "dinner", "later", "love", "meet", "train", "mum", "ok"),
}


def images_for_a_graph(folder: Path) -> Case:
    """A net in an ONNX file that takes scaled images, channels first, and a folder of them."""
    import onnx  # noqa: PLC0415 - heavy imports wait until a subject is made
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415 - as above

    _write_images(folder / "test")
    rng = np.random.default_rng(4)
    weights = {
        "k": rng.normal(scale=0.3, size=(4, 3, 3, 3)),
        "w": np.concatenate([np.eye(3), np.zeros((1, 3))]) + rng.normal(scale=0.01, size=(4, 3)),
        "b": np.zeros(3),
    }
    weights["k"][:3] *= 0.01
    weights["k"][range(3), range(3), 1, 1] = 1.0  # the first three filters see one colour each
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["c"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["s"]),
        helper.make_node("Softmax", ["s"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 3])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    scaling = {"layout": "nchw", "divide": 255, "mean": [0.5, 0.5, 0.5], "std": 0.25}
    meta = _meta(folder, "images", "classification", {"test": {"path": "test", "images": scaling}})
    rows = IMAGES_A_CLASS * len(ANIMALS)
    return Case(name="images", model=path, meta=meta, task="classification", rows=rows, executes_code=False)


def images_for_keras(folder: Path) -> Case:
    """A small convolutional net in a .keras file, and a zip of images."""
    import shutil  # noqa: PLC0415 - as above

    from carelabel_keras.library import import_keras  # noqa: PLC0415 - as above

    _write_images(folder / "images")
    shutil.make_archive(str(folder / "test"), "zip", folder / "images")
    keras = import_keras(None)
    keras.utils.set_random_seed(0)
    layers = keras.layers
    net = [keras.Input((SIDE, SIDE, 3)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3)]
    path = folder / "model.keras"
    keras.Sequential([*net, layers.Softmax()]).save(path)
    data = {"test": {"path": "test.zip", "images": {"divide": 255}}}
    meta = _meta(folder, "keras-images", "classification", data)
    rows = IMAGES_A_CLASS * len(ANIMALS)
    return Case(name="keras-images", model=path, meta=meta, task="classification", rows=rows, executes_code=False)


def messages(folder: Path) -> Case:
    """A Pipeline that begins with a text vectoriser, and short messages in a table without a header."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - as above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above

    texts, labels = _messages()
    vectoriser = TfidfVectorizer(ngram_range=(1, 2))
    fitted = make_pipeline(vectoriser, LogisticRegression()).fit(texts[:TRAIN_ROWS], labels[:TRAIN_ROWS])
    model = _pickled(folder, fitted)
    lines = [f"{label}\t{text}\n" for label, text in zip(labels, texts, strict=True)]
    (folder / "test.tsv").write_text("".join(lines[TRAIN_ROWS:]), encoding="utf-8")
    data = {"test": {"path": "test.tsv", "columns": ["label", "text"], "target": "label"}}
    return Case(name="text", model=model, meta=_meta(folder, "text", "classification", data), task="classification")


def sparse_svc(folder: Path) -> Case:
    """A support vector classifier that was fitted on sparse rows, and such rows in a libsvm file."""
    from sklearn.datasets import dump_svmlight_file  # noqa: PLC0415 - as above
    from sklearn.svm import SVC  # noqa: PLC0415 - as above

    x, y = sparse_points()
    model = _pickled(folder, SVC().fit(x[:TRAIN_ROWS], y[:TRAIN_ROWS]))
    dump_svmlight_file(x[TRAIN_ROWS:], y[TRAIN_ROWS:], str(folder / "test.libsvm"), zero_based=False)
    data = {"test": "test.libsvm", "input_shape": [SPARSE_FEATURES]}
    return Case(name="sparse", model=model, meta=_meta(folder, "sparse", "classification", data), task="classification")


SUBJECTS: Mapping[str, Callable[[Path], Case]] = {
    "images": images_for_a_graph,
    "keras-images": images_for_keras,
    "text": messages,
    "sparse": sparse_svc,
}
"""Name to the function that writes the subject."""


def sparse_points() -> tuple[Any, NDArray[np.int64]]:
    """A CSR matrix of ones, and whether the first half of its features outweighs the second."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - as above

    rng = np.random.default_rng(6)
    ones = (rng.random((TRAIN_ROWS + TEST_ROWS, SPARSE_FEATURES)) < 0.1).astype(float)
    half = SPARSE_FEATURES // 2
    matrix = csr_matrix(ones)
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return matrix, (ones[:, :half].sum(axis=1) > ones[:, half:].sum(axis=1)).astype(np.int64)


def _write_images(folder: Path) -> None:
    """Noise with more red, green or blue in it, by class."""
    from PIL import Image  # noqa: PLC0415 - as above

    rng = np.random.default_rng(7)
    for channel, name in enumerate(ANIMALS):
        (folder / name).mkdir(parents=True)
        for number in range(IMAGES_A_CLASS):
            pixels = rng.integers(0, 200, (SIDE, SIDE, 3), dtype=np.uint8)
            pixels[..., channel] += rng.integers(0, 50, dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


def _messages() -> tuple[NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(8)
    labels = rng.choice(["ham", "spam"], TRAIN_ROWS + TEST_ROWS)
    texts = []
    for label in labels:
        own, other = WORDS[label], WORDS["ham" if label == "spam" else "spam"]
        chosen = [*rng.choice(own, 4), *rng.choice(other, 3), "I", "été", "£5"]
        rng.shuffle(chosen)
        texts.append(" ".join(chosen).capitalize())
    return np.array(texts, dtype=object), labels
