"""Small seeded Keras models, in its own files."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.conversions.models.given import TRAIN, WIDTH, Given
from tests.conversions.models.trained import SIDE, clouds, images

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

if find_spec("keras") is None or find_spec("torch") is None:  # importing Keras would choose its back end
    pytest.skip("keras or torch is not installed", allow_module_level=True)


def _keras() -> Any:
    from carelabel_keras.library import import_keras  # noqa: PLC0415 - chooses the back end

    keras = import_keras(None)
    keras.utils.set_random_seed(0)
    return keras


def _fitted(folder: Path, net: Any, loss: str, *points: NDArray[Any], task: str = "classification") -> Given:
    x, y = points
    net.compile(_keras().optimizers.Adam(0.02), loss)
    net.fit(x[:TRAIN], y[:TRAIN], epochs=3, verbose=0)
    path = folder / "model.keras"
    net.save(path)
    return Given(path=path, x=x[TRAIN:], y=y[TRAIN:], task=task)


def _mlp(outputs: int, last: str | None) -> Any:
    keras = _keras()
    hidden = keras.layers.Dense(16, activation="relu")
    return keras.Sequential([keras.Input((WIDTH,)), hidden, keras.layers.Dense(outputs, activation=last)])


def keras_mlp(folder: Path) -> Given:
    x, y, _ = clouds()
    return _fitted(folder, _mlp(3, "softmax"), "sparse_categorical_crossentropy", x, y)


def keras_mlp_one_score(folder: Path) -> Given:
    x, y, _ = clouds()
    return _fitted(folder, _mlp(1, "sigmoid"), "binary_crossentropy", x, np.minimum(y, 1))


def keras_mlp_regressor(folder: Path) -> Given:
    x, _, target = clouds()
    return _fitted(folder, _mlp(1, None), "mse", x, target, task="regression")


def keras_linear(folder: Path) -> Given:
    x, y, _ = clouds()
    keras = _keras()
    net = keras.Sequential([keras.Input((WIDTH,)), keras.layers.Dense(3, activation="softmax")])
    return _fitted(folder, net, "sparse_categorical_crossentropy", x, y)


def keras_cnn(folder: Path) -> Given:
    x, y = images()
    layers = _keras().layers
    net = [_keras().Input((SIDE, SIDE, 1)), layers.Conv2D(4, 3, padding="same", activation="relu")]
    net += [layers.BatchNormalization(), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(3, activation="softmax")]
    return _fitted(folder, _keras().Sequential(net), "sparse_categorical_crossentropy", np.moveaxis(x, 1, -1), y)


def keras_recurrent(folder: Path) -> Given:
    x, y, _ = clouds()
    layers = _keras().layers
    net = [_keras().Input((WIDTH,)), layers.Reshape((WIDTH, 1)), layers.GRU(4), layers.Dense(3, activation="softmax")]
    return _fitted(folder, _keras().Sequential(net), "sparse_categorical_crossentropy", x, y)
