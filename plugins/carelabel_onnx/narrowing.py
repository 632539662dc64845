"""float64 graphs in float32, in which ONNX Runtime quantises."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from onnx import TensorProto, numpy_helper

_WIDE: Final = TensorProto.DOUBLE
_NARROW: Final = TensorProto.FLOAT


def narrow(model: Any) -> None:  # noqa: ANN401 - onnx.ModelProto
    """Turn every float64 of a graph into float32, in place: inputs, outputs, weights, constants and casts."""
    graph = model.graph
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type == _WIDE:
            value.type.tensor_type.elem_type = _NARROW
    for tensor in graph.initializer:
        _narrow_tensor(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                _narrow_tensor(attribute.t)
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == _WIDE:
                attribute.i = _NARROW


def _narrow_tensor(tensor: Any) -> None:  # noqa: ANN401 - onnx.TensorProto
    if tensor.data_type == _WIDE:
        values = numpy_helper.to_array(tensor).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
