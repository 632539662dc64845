"""The reference network: the same for ever, and of the kind that the model's input asks for."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from carelabel.model.facts import InputType
from carelabel.plugin.interfaces import Artefact
from carelabel_onnx.reference import CHANNELS, ReferenceBackend, convert, image_shape, numbers
from tests.factories import make_model
from tests.plugins.carelabel_onnx.given import ONE_THREAD, data_of

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import ConvertContext


def made(folder: Path, shape: tuple[int, ...], rows: tuple[int, ...] | None = None) -> tuple[Artefact, Any]:
    """The network for a model that takes rows of this shape, and its predictor."""
    data = data_of(np.zeros((3, *(rows or shape))))
    kind = InputType(container="array", dtype="float32", shape=shape)
    facts = make_model(input_type=kind, classes=(0, 1, 2, 3))
    source = Artefact(path=folder / "model", format="some", facts=facts, input_type=kind)
    artefact = convert(source, folder, cast("ConvertContext", SimpleNamespace(test=data)))
    return artefact, ReferenceBackend().load(artefact, ONE_THREAD)


def scores(predictor: Any, x: np.ndarray) -> np.ndarray:
    found: np.ndarray = predictor.native.run(None, {"x": x})[0]
    return found


def test_a_table_has_a_perceptron_whose_numbers_stay_the_same(tmp_path: Path) -> None:
    artefact, predictor = made(tmp_path, (5,))
    assert artefact.parameters["workload"] == "mlp-5-64-4"
    assert artefact.parameters["note"] == "the workload mlp-5-64-4, version 1", "what the label says of it"
    x = predictor.prepare(data_of(np.zeros((2, 5))).rows)
    w1, b1 = numbers(5 * 64, seed=1).reshape(5, 64) / np.sqrt(5), numbers(64, seed=2)
    w2, b2 = numbers(64 * 4, seed=3).reshape(64, 4) / np.sqrt(64), numbers(4, seed=4)
    assert scores(predictor, x) == pytest.approx(np.maximum(x @ w1 + b1, 0) @ w2 + b2, abs=1e-5)
    assert hashlib.sha256(numbers(1000, seed=1).tobytes()).hexdigest()[:16] == "9d5d2dcfd9cd71d2"


@pytest.mark.parametrize(
    ("shape", "name"),
    [((3, 8, 6), "cnn-3x8x6-16-32-4"), ((8, 6, 3), "cnn-3x8x6-16-32-4"), ((28, 28), "cnn-1x28x28-16-32-4")],
)
def test_a_model_of_images_has_a_convolutional_network(tmp_path: Path, shape: tuple[int, ...], name: str) -> None:
    artefact, predictor = made(tmp_path, shape)
    assert artefact.parameters["workload"] == name
    x = predictor.prepare(data_of(np.zeros((2, *shape))).rows)
    assert (2, *(image_shape(shape) or ())) == x.shape
    assert predictor.predict(x).shape == (2,)


def test_flat_rows_of_a_model_of_images_are_no_reason_for_a_perceptron(tmp_path: Path) -> None:
    artefact, predictor = made(tmp_path, (1, 4, 4), rows=(16,))
    assert artefact.parameters["workload"] == "cnn-1x4x4-16-32-4"
    assert predictor.prepare(data_of(np.zeros((2, 16))).rows).shape == (2, 1, 4, 4)


def test_the_convolutions_are_those_of_the_textbook(tmp_path: Path) -> None:
    _, predictor = made(tmp_path, (2, 5, 6))
    x = predictor.prepare(data_of(np.zeros((2, 2, 5, 6))).rows)
    layer = x.astype(np.float64)
    for number, wider in enumerate(CHANNELS, start=1):
        fan_in = layer.shape[1] * 9
        kernel = numbers(wider * fan_in, seed=2 * number - 1).reshape(wider, layer.shape[1], 3, 3) / np.sqrt(fan_in)
        layer = np.maximum(convolved(layer, kernel) + numbers(wider, seed=2 * number)[:, None, None], 0)
    last = numbers(layer.shape[1] * 4, seed=5).reshape(-1, 4) / np.sqrt(layer.shape[1])
    wanted = layer.mean(axis=(2, 3)) @ last + numbers(4, seed=6)
    assert scores(predictor, x) == pytest.approx(wanted, abs=1e-5)


def convolved(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Sums of products over windows of 3 by 3, every second one, with a margin of zeros."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    return np.einsum("nchwij,ocij->nohw", windows, kernel)


@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4, 5)])
def test_what_is_no_image(shape: tuple[int, ...]) -> None:
    assert image_shape(shape) is None
