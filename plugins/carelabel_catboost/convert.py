"""CatBoost to ONNX through CatBoost's own export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import catboost
import onnx
from onnx import TensorProto, helper

from carelabel.errors import UnsupportedError
from carelabel.plugin.interfaces import Artefact
from carelabel_catboost.facts import input_type_of
from carelabel_catboost.model import About, about, counts_of

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.interfaces import ConvertContext


def convert(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write the model as an ONNX graph with plain tensors as outputs.

    Args:
        out: The folder to write into.

    Raises:
        UnsupportedError: If CatBoost cannot export a part of the model, which is named.
    """
    native: Any = context.load().native
    model: catboost.CatBoost = getattr(native, "best_estimator_", native)
    known = about(model)
    _check(known)
    path = out / "model.onnx"
    try:
        model.save_model(str(path), format="onnx")
    except catboost.CatBoostError as error:
        said = " ".join(str(error).split())
        msg = f"CatBoost must be able to export every part of the model; it says: {said}"
        raise UnsupportedError(msg) from error
    graph = onnx.load(str(path))
    _plain_outputs(graph.graph, known)
    path.write_bytes(graph.SerializeToString())
    counts, parameters = counts_of(model, symmetric=known.symmetric)
    return Artefact(
        path=path,
        format="onnx",
        facts=artefact.facts,
        input_type=input_type_of(known),
        parameters={"precision": "float32", "parameter_counts": {"parameters": parameters, **counts}},
    )


def _check(known: About) -> None:
    """What CatBoost refuses or, worse, exports without a word."""
    reasons = {
        "it exports models of numeric features only, this one takes categories or text": known.categorical,
        "it exports symmetric trees only": not known.symmetric,
        f"it leaves the number of outputs out of the graph, this model has {known.outputs}": known.outputs > 1,
    }
    for reason, holds in reasons.items():
        if holds:
            msg = f"CatBoost must be able to export every part of the model; {reason}"
            raise UnsupportedError(msg)


def _plain_outputs(graph: Any, known: About) -> None:  # noqa: ANN401 - onnx.GraphProto
    """End the graph in tensors: without ZipMap, whose list of dicts costs more than the trees."""
    maps = [node for node in graph.node if node.op_type == "ZipMap"]
    for node in maps:
        output = next(item for item in graph.output if item.name == node.output[0])
        graph.output.remove(output)
        graph.output.append(helper.make_tensor_value_info(node.input[0], TensorProto.FLOAT, [None, len(known.classes)]))
        graph.node.remove(node)
    for output in graph.output:
        kind = output.type.tensor_type.elem_type
        if not maps:  # CatBoost declares (n,), ONNX Runtime gives (n, 1) and remarks on that in each call
            output.CopyFrom(helper.make_tensor_value_info(output.name, kind, [None, 1]))
