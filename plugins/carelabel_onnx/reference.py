"""The reference workload that resource figures are rated against: a small seeded network made without any data.

It is a multilayer perceptron with as many inputs as the model has features, 64 hidden units and as many outputs as the
model has. For a model that takes images it is a small convolutional network: two convolutions of 3 by 3 with 16 and 32
channels and steps of 2, the mean of each channel, and a layer of outputs. It exists for every input, and stays the same
over versions of libraries: weights come from a generator written out here, not from numpy's.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel_onnx.session import open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from onnx import NodeProto

    from carelabel.data.rows import DataSet, Rows
    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec, Predictor

VERSION: Final = 1
HIDDEN: Final = 64
CHANNELS: Final = (16, 32)
_KERNEL: Final = 3
_PLANE: Final = 2
_VOLUME: Final = 3
FORMAT: Final = "onnx-reference"
_OPSET: Final = 17
_IR: Final = 8
_MULTIPLIER: Final = 6364136223846793005
_INCREMENT: Final = 1442695040888963407
_BITS: Final = 24


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the reference network for the shape of a model; nothing of the model itself is loaded.

    Args:
        out: The folder to write into.
    """
    outputs = max(len(artefact.facts.classes), artefact.facts.outputs, 1)
    image = image_shape(artefact.facts.input_type.shape)
    if image is None:
        shape: tuple[int, ...] = (int(np.prod(context.test.rows.shape)) or 1,)
        workload, network = f"mlp-{shape[0]}-{HIDDEN}-{outputs}", _perceptron(shape[0], outputs)
    else:
        shape = image
        sizes = "x".join(map(str, shape))
        workload, network = f"cnn-{sizes}-{'-'.join(map(str, CHANNELS))}-{outputs}", _convolutional(shape, outputs)
    path = out / "reference.onnx"
    path.write_bytes(network)
    note = f"the workload {workload}, version {VERSION}"
    known = {"workload": workload, "version": VERSION, "shape": list(shape), "note": note}
    return replace(artefact, path=path, format=FORMAT, input_type=None, parameters=known)


def image_shape(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """(channels, height, width) of a model's input, or None when it is no image.

    Args:
        shape: Of one row: (height, width), or three axes of which the shorter outer one counts channels.
    """
    if len(shape) == _PLANE:
        return (1, shape[0], shape[1])
    if len(shape) != _VOLUME:
        return None
    channels_first = shape[0] <= shape[2]
    return (shape[0], shape[1], shape[2]) if channels_first else (shape[2], shape[0], shape[1])


def _perceptron(inputs: int, outputs: int) -> bytes:
    from onnx import helper  # noqa: PLC0415 - a worker-side import

    weights = {
        "w1": numbers(inputs * HIDDEN, seed=1).reshape(inputs, HIDDEN) / np.float32(np.sqrt(inputs)),
        "b1": numbers(HIDDEN, seed=2),
        "w2": numbers(HIDDEN * outputs, seed=3).reshape(HIDDEN, outputs) / np.float32(np.sqrt(HIDDEN)),
        "b2": numbers(outputs, seed=4),
    }
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["y"]),
    ]
    return _model(nodes, weights, (inputs,), outputs)


def _convolutional(shape: tuple[int, ...], outputs: int) -> bytes:
    from onnx import helper  # noqa: PLC0415 - a worker-side import

    weights: dict[str, NDArray[np.float32]] = {}
    nodes, last, channels = [], "x", shape[0]
    for number, wider in enumerate(CHANNELS, start=1):
        fan_in = channels * _KERNEL * _KERNEL
        kernel = numbers(wider * fan_in, seed=2 * number - 1).reshape(wider, channels, _KERNEL, _KERNEL)
        weights |= {f"w{number}": kernel / np.float32(np.sqrt(fan_in)), f"b{number}": numbers(wider, seed=2 * number)}
        given = [last, f"w{number}", f"b{number}"]
        nodes.append(helper.make_node("Conv", given, [f"c{number}"], pads=[1, 1, 1, 1], strides=[2, 2]))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"r{number}"]))
        last, channels = f"r{number}", wider
    weights |= {
        "w": numbers(channels * outputs, seed=5).reshape(channels, outputs) / np.float32(np.sqrt(channels)),
        "b": numbers(outputs, seed=6),
    }
    nodes += [
        helper.make_node("GlobalAveragePool", [last], ["m"]),
        helper.make_node("Flatten", ["m"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["y"]),
    ]
    return _model(nodes, weights, shape, outputs)


def _model(
    nodes: Sequence[NodeProto], weights: Mapping[str, NDArray[np.float32]], shape: tuple[int, ...], outputs: int
) -> bytes:
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415 - a worker-side import

    graph = helper.make_graph(
        list(nodes),
        "reference",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", outputs])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="carelabel")
    model.ir_version = _IR
    return bytes(model.SerializeToString())


def numbers(count: int, seed: int) -> NDArray[np.float32]:
    """(count,) numbers in [-1, 1): a 64-bit linear congruential generator.

    Source: Knuth's MMIX, TAOCP vol. 2, 3.3.4, line 26. Jumping ahead by doubling keeps it fast for wide inputs.
    """
    state = np.empty(count, dtype=np.uint64)
    state[:1] = np.uint64(seed)
    factor, increment, known = _MULTIPLIER, _INCREMENT, min(1, count)
    while known < count:
        step = min(known, count - known)
        state[known : known + step] = state[:step] * np.uint64(factor) + np.uint64(increment)
        increment = (factor * increment + increment) % 2**64
        factor = factor * factor % 2**64
        known += step
    high = (state >> np.uint64(64 - _BITS)).astype(np.float32)
    return high / np.float32(2 ** (_BITS - 1)) - np.float32(1)


class ReferenceBackend:
    """Runs the reference network; no file that a user submits is its own."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Decline every file."""
        del path, data
        return None

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:
        """Open a session for a platform.

        Raises:
            LoadError: If ONNX Runtime cannot run the file on it.
        """
        return ReferencePredictor(artefact, platform)


class ReferencePredictor:
    """Predicts rows of its own making: as many as it is given, whatever they hold."""

    predict_proba: Callable[[Any], NDArray[np.floating]] | None = None
    decision_function: Callable[[Any], NDArray[np.floating]] | None = None

    def __init__(self, artefact: Artefact, platform: PlatformSpec) -> None:
        self._session = open_session(artefact.path, platform)
        self._shape = tuple(map(int, artefact.parameters["shape"]))
        self.native: object = self._session
        self.input_type = replace(
            artefact.facts.input_type, container="array", dtype="float32", shape=self._shape, columns=()
        )

    def prepare(self, rows: Rows) -> NDArray[np.float32]:
        """(n, ...) seeded numbers for n rows of the network's shape."""
        count = len(rows)
        return numbers(count * math.prod(self._shape), seed=count + 5).reshape(count, *self._shape)

    def predict(self, x: Any) -> NDArray[Any]:  # noqa: ANN401 - as the protocol has it
        """(n,) the index of the largest output."""
        found: NDArray[Any] = self._session.run(None, {"x": x})[0].argmax(axis=1)
        return found

    def close(self) -> None:
        """Let the session go."""
        del self._session
        self.native = None
