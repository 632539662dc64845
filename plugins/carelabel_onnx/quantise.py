"""int8 graphs by ONNX Runtime's own quantiser: weights alone (dynamic), or activations by calibration, too (static)."""

from __future__ import annotations

import logging
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from carelabel.errors import CareLabelError, UnsupportedError
from carelabel_onnx.graph import graph_facts
from carelabel_onnx.narrowing import narrow
from carelabel_onnx.session import open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel.plugin.interfaces import Artefact, ConvertContext, Predictor

FORMAT: Final = "onnx-int8"
CALIBRATION_ROWS: Final = 512
_BATCH: Final = 64
_SHOWN: Final = 300
_WEIGHTED: Final = frozenset({"MatMul", "Gemm", "Conv"})
# Between the weighted operators, so that numbers stay int8 from one to the next. Not Softmax: its results are the
# probabilities, of which 8 bits are too few.
_STATIC: Final = ("MatMul", "Gemm", "Conv", "Relu", "Clip", "MaxPool", "AveragePool", "Add", "Reshape", "Flatten")


def dynamic(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write a graph with int8 weights of matrix products; activations are quantised as they come, a call at a time.

    Args:
        out: The folder to write into.

    Raises:
        UnsupportedError: If there is no matrix product with float weights, or ONNX Runtime cannot run the result.
    """
    path = out / "model.onnx"
    prepared = _prepared(artefact, context, frozenset({"MatMul", "Gemm"}))
    # Convolutions stay float32: ONNX Runtime's integer operator for them is slower than the float one.
    _quietly(
        lambda: quantize_dynamic(
            prepared, path, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8, per_channel=False
        )
    )
    return _checked(artefact, path, {})


def static(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Write a graph with int8 weights and activations, whose ranges are those of up to 512 training rows.

    The graph has pairs of QuantizeLinear and DequantizeLinear (QDQ), which ONNX Runtime turns into int8 operators.

    Raises:
        UnsupportedError: If there is no operator with float weights, or ONNX Runtime cannot run the result.
        CareLabelError: If there is no training row.
    """
    if context.train is None or not len(context.train):
        msg = "static quantisation needs training rows to find the ranges of numbers; the metadata names none"
        raise CareLabelError(msg, "add data.train to the metadata, or use int8-dynamic")
    path = out / "model.onnx"
    prepared = _prepared(artefact, context, _WEIGHTED)
    rows = _Rows(context.load(), context.train, context.seed)
    _quietly(
        lambda: quantize_static(prepared, path, rows, quant_format=QuantFormat.QDQ, op_types_to_quantize=list(_STATIC))
    )
    return _checked(artefact, path, {"calibration_rows": rows.count})


def _prepared(artefact: Artefact, context: ConvertContext, wanted: frozenset[str]) -> Path:
    """The graph in float32, folded and with shapes: the quantiser fails on some graphs without that."""
    model = onnx.load(artefact.path)
    narrow(model)
    if not any(node.op_type in wanted for node in model.graph.node):
        found = ", ".join(sorted({node.op_type for node in model.graph.node})[:8])
        msg = f"the graph must have {', '.join(sorted(wanted))} to quantise; it has {found}"
        raise UnsupportedError(msg, "leave this candidate out")
    narrowed, prepared = context.scratch / "float32.onnx", context.scratch / "prepared.onnx"
    onnx.save(model, narrowed)
    _quietly(lambda: quant_pre_process(narrowed, prepared, skip_symbolic_shape=True))
    _forget_weight_shapes(prepared)
    return prepared


def _forget_weight_shapes(path: Path) -> None:
    """Drop the second description that some exporters give of weights: the quantiser turns weights, but not that."""
    model = onnx.load(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    kept = [value for value in model.graph.value_info if value.name not in weights]
    del model.graph.value_info[:]
    model.graph.value_info.extend(kept)
    onnx.save(model, path)


def _quietly(step: Callable[[], object]) -> None:
    """Run a step of the quantiser; what it raises becomes one line.

    Raises:
        UnsupportedError: If it fails.
    """
    logging.getLogger().setLevel(logging.ERROR)  # it recommends its own preparation, after that has been done
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            step()
        except Exception as error:  # the quantiser raises whatever it meets
            said = " ".join(str(error).split())[:_SHOWN]
            msg = f"ONNX Runtime must be able to quantise the graph; it says: {type(error).__name__}: {said}"
            raise UnsupportedError(msg, "leave this candidate out") from error


def _checked(artefact: Artefact, path: Path, known: dict[str, Any]) -> Artefact:
    """The artefact of a quantised graph that runs and has quantised operators.

    Raises:
        UnsupportedError: If nothing was quantised.
        LoadError: If ONNX Runtime cannot run it.
    """
    operators = graph_facts(onnx.load(path)).operators
    if not {"MatMulInteger", "DequantizeLinear", "DynamicQuantizeLinear"} & operators.keys():
        msg = "the graph must have weights that ONNX Runtime can quantise; it left all of them as they were"
        raise UnsupportedError(msg, "leave this candidate out")
    open_session(path, None)
    counts = artefact.parameters.get("parameter_counts") or _counts(artefact.path)
    kept = {name: value for name, value in artefact.parameters.items() if name == "decision_column"}
    input_type = artefact.input_type or artefact.facts.input_type
    if input_type.dtype == "float64":
        input_type = replace(input_type, dtype="float32", rounds_to="float32")
    return replace(
        artefact,
        path=path,
        format=FORMAT,
        input_type=input_type,
        parameters={"parameter_counts": counts, **kept, **known},
    )


def _counts(path: Path) -> dict[str, int]:
    """Learned numbers of the graph before it was quantised, where its converter has not counted them."""
    source = graph_facts(onnx.load(path, load_external_data=False))
    return {"parameters": source.parameters, **source.counts}


class _Rows(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types here
    """Training rows in a seeded choice, as feeds for the graph."""

    def __init__(self, predictor: Predictor, train: DataSet, seed: int) -> None:
        chosen = np.random.default_rng(seed).permutation(len(train))[:CALIBRATION_ROWS]
        self.count = len(chosen)
        self._feeds = self._batches(predictor, train, np.sort(chosen))

    def get_next(self) -> dict[str, Any] | None:
        """The next batch by input name, None after the last."""
        return next(self._feeds, None)

    @staticmethod
    def _batches(predictor: Predictor, train: DataSet, chosen: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - an array
        inputs: Any = predictor.native
        node = inputs.get_inputs()[0]
        fixed = node.shape[0] if node.shape and isinstance(node.shape[0], int) else None
        for first in range(0, len(chosen), fixed or _BATCH):
            part = chosen[first : first + (fixed or _BATCH)]
            if fixed and len(part) < fixed:
                part = np.resize(part, fixed)
            x = predictor.prepare(train.rows[part])
            feeds = x if isinstance(x, dict) else {node.name: x}
            yield {name: _narrowed(values) for name, values in feeds.items()}


def _narrowed(values: Any) -> Any:  # noqa: ANN401 - an array
    return values.astype(np.float32) if values.dtype == np.float64 else values
