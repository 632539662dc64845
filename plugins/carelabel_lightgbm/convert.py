"""LightGBM to ONNX through onnxmltools."""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING, Any, Final

import onnxmltools
from onnxmltools.convert.common.data_types import FloatTensorType

from carelabel.errors import UnsupportedError
from carelabel.plugin.interfaces import Artefact
from carelabel_lightgbm.facts import input_type_of
from carelabel_lightgbm.files import text_of
from carelabel_lightgbm.text import counts_of

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import ConvertContext

INPUT: Final = "X"
OPSET: Final = 15


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the booster as an ONNX graph.

    Args:
        out: The folder to write into.

    Raises:
        UnsupportedError: If onnxmltools has nothing for a part of the model; the message says what it said.
    """
    booster = booster_of(context.load().native)
    text = text_of(booster)
    model = _to_onnx(booster, text.features)
    _open_row_counts(model)
    if artefact.facts.classes and artefact.facts.classes != tuple(range(len(artefact.facts.classes))):
        del model.graph.output[0]  # codes of classes: the scores alone say which class it is
    path = out / "model.onnx"
    path.write_bytes(model.SerializeToString())
    counts, parameters = counts_of(text)
    wanted = input_type_of(text)
    return Artefact(
        path=path,
        format="onnx",
        facts=artefact.facts,
        input_type=dataclasses.replace(wanted, dtype="float32", rounds_to="float32"),
        parameters={"precision": "float32", "parameter_counts": {"parameters": parameters, **counts}},
    )


def booster_of(native: Any) -> Any:  # noqa: ANN401 - a booster, or a wrapper from a pickle
    """The booster inside."""
    native = getattr(native, "best_estimator_", native)
    return getattr(native, "booster_", native)


def _to_onnx(booster: Any, width: int) -> Any:  # noqa: ANN401 - onnx.ModelProto
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return onnxmltools.convert_lightgbm(
                booster, initial_types=[(INPUT, FloatTensorType([None, width]))], target_opset=OPSET, zipmap=False
            )
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        msg = f"onnxmltools must know every part of the model; it says: {type(error).__name__}: {said}"
        raise UnsupportedError(msg) from error


def _open_row_counts(model: Any) -> None:  # noqa: ANN401 - as above
    """Take away the one row that onnxmltools declares its label output for; ONNX Runtime remarks on that each call."""
    for output in model.graph.output:
        first = output.type.tensor_type.shape.dim[:1]
        for axis in first:
            axis.ClearField("dim_value")
