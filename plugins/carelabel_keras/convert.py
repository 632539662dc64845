"""Keras to ONNX by Keras' own export, which traces the model through torch."""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING, Any

import onnx

from carelabel.errors import UnsupportedError
from carelabel.plugin.interfaces import Artefact

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import ConvertContext


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the model as an ONNX graph that takes any number of rows.

    Args:
        out: The folder to write into.

    Raises:
        UnsupportedError: If torch cannot export a layer, or the graph lost its number of rows to the trace.
    """
    predictor = context.load()
    predictor.predict(predictor.prepare(context.test.rows[:1]))  # Keras exports only what has been called
    model: Any = predictor.native
    path = out / "model.onnx"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what tracing remarks on is checked below, and by parity
            model.export(str(path), format="onnx", verbose=False)
    except Exception as error:  # layers and operators raise anything
        said = " ".join(str(error).split())[:300]
        msg = f"Keras must be able to export every layer through torch; it says: {type(error).__name__}: {said}"
        raise UnsupportedError(msg, "leave this candidate out") from error
    _check_rows(path)
    input_type = dataclasses.replace(artefact.facts.input_type, rounds_to=artefact.facts.input_type.dtype)
    return Artefact(path=path, format="onnx", facts=artefact.facts, input_type=input_type)


def _check_rows(path: Path) -> None:
    """A trace can keep the number of rows of its sample, which is one."""
    graph = onnx.load(str(path), load_external_data=False).graph
    axis = graph.input[0].type.tensor_type.shape.dim[0]
    if axis.HasField("dim_value"):
        msg = f"the exported graph must take any number of rows, found exactly {axis.dim_value}"
        raise UnsupportedError(msg, "leave this candidate out")
