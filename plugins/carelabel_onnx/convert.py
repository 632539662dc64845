"""scikit-learn to ONNX through skl2onnx, in the element type in which the model stays the same."""

from __future__ import annotations

import dataclasses
import math
import warnings
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import skl2onnx
from skl2onnx.common import data_types as types
from skl2onnx.common._registration import get_converter  # there is no public way to ask for a converter's options
from skl2onnx.sklapi import CastTransformer
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from carelabel.errors import UnsupportedError
from carelabel.plugin.interfaces import Artefact
from carelabel_onnx.graph import graph_facts
from carelabel_onnx.imputer import CONVERSIONS, SHAPES
from carelabel_onnx.precision import computes_in_float64, has_float32_step, parts_of
from carelabel_onnx.session import open_session
from carelabel_onnx.text import set_locale, text_options

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import Rows
    from carelabel.model.facts import InputType
    from carelabel.plugin.interfaces import ConvertContext

INPUT: Final = "X"
BATCH_ROWS: Final = 1024
MAX_DENSE_BYTES: Final = 1024**3
Precision = Literal["float32", "float64"]


def convert(artefact: Artefact, out: Path, context: ConvertContext, precision: str = "auto") -> Artefact:
    """Write the estimator as an ONNX graph with plain tensors as outputs.

    Args:
        out: The folder to write into.
        precision: float32, float64, or auto: what keeps the model the same (`carelabel_onnx.precision`).

    Raises:
        UnsupportedError: If a graph would take too large rows, or leave something of the model out; if skl2onnx has no
            converter for a part of the model, or ONNX Runtime cannot run the result: the message says what it said.
    """
    predictor = context.load()
    source, estimator = predictor.input_type, _searched(predictor.native)
    _refuse_wide(source)
    graph_type, estimator = _choose(estimator, source, precision)
    initial = _initial_types(source, context.test.rows, graph_type)
    model = _to_onnx(estimator, initial)
    set_locale(model)
    path = out / "model.onnx"
    path.write_bytes(model.SerializeToString())
    session = open_session(path, None)
    input_type = _input_type(source, graph_type)
    column = _decision_column(session, artefact, model)
    facts = graph_facts(model)
    return Artefact(
        path=path,
        format="onnx",
        facts=artefact.facts,
        input_type=input_type,
        parameters={
            "precision": graph_type,
            "parameter_counts": {"parameters": facts.parameters, **facts.counts},
            **({"note": "rows are given dense: a graph takes no sparse ones"} if source.container == "csr" else {}),
            **({} if column is None else {"decision_column": column}),
        },
    )


def _refuse_wide(source: InputType) -> None:
    """Sparse rows are given to a graph as dense ones, as long as a batch of them is of a bearable size."""
    size = math.prod(source.shape) * np.dtype(np.float64).itemsize * BATCH_ROWS
    if source.container == "csr" and size > MAX_DENSE_BYTES:
        msg = (
            f"a graph takes dense rows, of which a batch of {BATCH_ROWS} must need at most {MAX_DENSE_BYTES} bytes; "
            f"{source.shape[0]} features need {size}"
        )
        raise UnsupportedError(msg, "leave this candidate out, or train on fewer features")


def _searched(native: object) -> Any:  # noqa: ANN401 - any estimator
    """A fitted search predicts with its best estimator."""
    return getattr(native, "best_estimator_", native)


def _choose(estimator: Any, source: InputType, precision: str) -> tuple[Precision, Any]:  # noqa: ANN401 - as above
    """The graph's input type, and the estimator to convert.

    A Pipeline computes its steps in float64 and its last step may round: then the graph does the same, with a cast
    before that step. Without it, a forest behind a scaler had probabilities 0.1 off, because scaled values fell on
    the other side of thresholds.
    """
    steps = getattr(estimator, "steps", None)
    last = steps[-1][1] if steps else estimator
    in_float64 = computes_in_float64(last)
    if source.container == "text":
        return "float32", estimator  # the operators that count words give float32
    if precision == "auto":
        preparing = steps is not None and len(steps) > 1
        wanted: Precision = "float64" if (in_float64 or preparing) and not has_float32_step(estimator) else "float32"
    else:
        wanted = "float64" if precision == "float64" else "float32"
    if wanted == "float32" or in_float64 or not steps or source.rounds_to == "float32":
        return wanted, estimator
    return wanted, _with_cast(estimator)


def _with_cast(pipeline: Pipeline) -> Pipeline:
    cast = CastTransformer(dtype=np.float32)
    return Pipeline([*pipeline.steps[:-1], ("round_to_float32", cast), pipeline.steps[-1]])


def _initial_types(source: InputType, rows: Rows, graph_type: Precision) -> list[tuple[str, Any]]:
    """skl2onnx's description of the inputs: one tensor, or one a column of a frame or of text."""
    if source.container == "text":
        return [(_text_name(source), types.StringTensorType([None, 1]))]
    number = types.DoubleTensorType if graph_type == "float64" else types.FloatTensorType
    if source.container != "frame":
        return [(INPUT, number([None, *source.shape]))]
    held = rows[:1].columns()
    text = types.StringTensorType
    return [(name, (text if held[name].dtype == object else number)([None, 1])) for name in source.columns]


def _to_onnx(estimator: Any, initial: list[tuple[str, Any]]) -> Any:  # noqa: ANN401 - onnx.ModelProto
    # The newest opset that skl2onnx was tested with; ONNX Runtime knows newer ones.
    opset = skl2onnx.get_latest_tested_opset_version()
    options = _options(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return skl2onnx.convert_sklearn(
                estimator,
                name=type(estimator).__name__,
                initial_types=initial,
                target_opset=opset,
                options=options,
                custom_conversion_functions=CONVERSIONS,
                custom_shape_calculators=SHAPES,
            )
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            msg = f"skl2onnx must know every part of the model; it says: {type(error).__name__}: {said}"
            raise UnsupportedError(msg, "register a converter with skl2onnx, or leave this candidate out") from error


def _options(estimator: Any) -> dict[int, dict[str, Any]] | None:  # noqa: ANN401 - any estimator
    """How each part is converted, or None for skl2onnx's own ways."""
    return {**(_score_options(estimator) or {}), **text_options(parts_of(estimator))} or None


def _score_options(estimator: Any) -> dict[int, dict[str, bool]] | None:  # noqa: ANN401 - as above
    """Keep skl2onnx from ending the graph in a list of dicts (ZipMap), in the way each converter allows.

    A Pipeline hands its own option on to its last step, even to one whose converter refuses it.
    """
    if not is_classifier(estimator):
        return None
    final = estimator
    while hasattr(final, "steps"):
        final = final.steps[-1][1]
    try:
        allowed = get_converter(skl2onnx.get_model_alias(type(final))).get_allowed_options()
    except (RuntimeError, ValueError, KeyError):
        return None  # no converter for it: the conversion itself says so
    if allowed and "zipmap" in allowed:
        return {id(estimator): {"zipmap": False}}
    return {id(final): {}}


def _text_name(source: InputType) -> str:
    """Of the graph's input: the column of text, which an array calls by its number."""
    return source.columns[0] or "0"


def _input_type(source: InputType, graph_type: Precision) -> InputType:
    if source.container == "text":
        return dataclasses.replace(source, container="columns", dtype="", shape=(1,), columns=(_text_name(source),))
    if source.container == "frame":
        return dataclasses.replace(source, container="columns", rounds_to=graph_type)
    return dataclasses.replace(source, container="array", dtype=graph_type, rounds_to=graph_type)


def _decision_column(session: Any, artefact: Artefact, model: Any) -> int | None:  # noqa: ANN401 - onnx and its runtime
    """Which column holds the decision towards the second of two classes: SVMClassifier's first, else the second."""
    binary = len(artefact.facts.classes) == 2 and artefact.facts.decision and not artefact.facts.probabilities  # noqa: PLR2004
    if not binary or len(session.get_outputs()) < 2:  # noqa: PLR2004 - a label and scores
        return None
    return 0 if any(node.op_type == "SVMClassifier" for node in model.graph.node) else 1
