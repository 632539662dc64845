"""What is learned from an ONNX file that was submitted by itself."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort

from carelabel.errors import LoadError
from carelabel.model.facts import ModelFacts
from carelabel_onnx.feeds import feeds_of
from carelabel_onnx.graph import GraphFacts, read_graph
from carelabel_onnx.inputs import input_type_of, taken_in_order
from carelabel_onnx.outputs import FLOAT_TYPES, LABEL_TYPES, outputs_of, width_of
from carelabel_onnx.predictor import RuntimePredictor
from carelabel_onnx.session import open_session

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from carelabel.data.rows import DataSet

_PROBED_ROWS = 32
_SUM_TOLERANCE = 1e-3  # half-precision softmaxes are off by some 5e-4

Label = str | int | float | bool


def facts_of(path: Path, data: DataSet) -> ModelFacts:
    """The facts of a file, some of them found by predicting a few rows of the test set.

    Raises:
        LoadError: If it cannot be run, or its inputs, outputs and classes do not fit the data.
    """
    session = open_session(path, None)
    graph = read_graph(path)
    task = _task(session, data)
    classes = _classes(path.name, session, graph, data) if task == "classification" else ()
    input_type = input_type_of(session.get_inputs(), data.rows)
    facts = ModelFacts(
        framework="onnx",
        format="onnx",
        family=graph.family,
        estimator=graph.name or "graph",
        task=task,
        input_type=input_type,
        n_features=int(np.prod(input_type.shape)),
        feature_names=input_type.columns,
        classes=classes,
        parameters=graph.parameters,
        counts={**graph.counts, "operators": sum(graph.operators.values())},
        libraries={"onnxruntime": ort.__version__, "opset": str(graph.opset), **_producer(graph)},
        beside=graph.beside,
        warnings=(*_batch_warning(session), *_input_warning(session, data), *_output_warning(session, task, classes)),
    )
    return _probe(session, facts, data)


def _task(session: ort.InferenceSession, data: DataSet) -> str:
    """A graph does not say what it is for: classes in the data, or labels without them, tell it."""
    if data.facts.classes:
        return "classification"
    types = [node.type for node in session.get_outputs()]
    has_label = any(kind in LABEL_TYPES for kind in types)
    if any(kind.startswith("seq(map(") for kind in types):
        return "classification"
    if has_label and (data.target is None or not any(kind in FLOAT_TYPES for kind in types)):
        return "clustering" if data.target is None else "regression"
    return "regression" if not has_label else "clustering"


def _classes(name: str, session: ort.InferenceSession, graph: GraphFacts, data: DataSet) -> tuple[Label, ...]:
    """In the order of the scores: as the graph names them, else those of the data where their number fits."""
    if graph.classes:
        return graph.classes
    found = data.facts.all_classes or data.facts.classes
    width = _score_width(session, len(found))
    if width is None or len(found) == width:
        return found
    # A test set need not hold every class; whole numbers from zero can be completed.
    whole = [item for item in found if isinstance(item, int) and 0 <= item < width]
    if len(whole) == len(found):
        return tuple(range(width))
    msg = f"{name} gives {width} scores a row, so {width} classes must be known; the test set holds {len(found)}"
    raise LoadError(msg, "use a test set that holds every class, or export the graph with its class labels")


def _score_width(session: ort.InferenceSession, classes: int) -> int | None:
    """Number of classes by the shape of the scores, None when the graph leaves it open or gives none."""
    outputs = outputs_of(session.get_outputs(), "classification", classes)
    widths = [width_of(node) for node in session.get_outputs() if node.name == outputs.scores]
    width = widths[0] if widths and not outputs.scores_are_maps else None
    return 2 if width == 1 else width


def _probe(session: ort.InferenceSession, facts: ModelFacts, data: DataSet) -> ModelFacts:
    """Complete the facts with what only predictions show: number of outputs, and whether scores are probabilities."""
    outputs = outputs_of(session.get_outputs(), facts.task, len(facts.classes))
    if len(data.rows) == 0:
        return facts
    looking = RuntimePredictor(session, facts.input_type, dataclasses.replace(facts, outputs=0))
    rows = looking.prepare(data.rows[:_PROBED_ROWS])
    try:
        answer = looking.predict(rows)
        scores = looking.scores(rows) if outputs.scores else None
    except Exception as error:
        msg = f"the graph must predict the rows of its test set; ONNX Runtime says: {error}"
        raise LoadError(msg, "check that data and model belong together") from error
    width = int(answer.shape[1]) if answer.ndim > 1 and facts.task == "regression" else 1
    is_probability = scores is not None and _are_probabilities(scores)
    return dataclasses.replace(
        facts,
        outputs=width,
        probabilities=is_probability,
        decision=scores is not None and not is_probability,
    )


def _are_probabilities(scores: NDArray[Any]) -> bool:
    """Whether these few rows lie in [0, 1] and, with several columns, sum to one."""
    if scores.min() < -_SUM_TOLERANCE or scores.max() > 1 + _SUM_TOLERANCE:
        return False
    return scores.ndim == 1 or bool(np.all(np.abs(scores.sum(axis=1) - 1) <= _SUM_TOLERANCE))


def _producer(graph: GraphFacts) -> dict[str, str]:
    return {graph.producer: graph.producer_version or "unknown"} if graph.producer else {}


def _input_warning(session: ort.InferenceSession, data: DataSet) -> tuple[str, ...]:
    feeds = feeds_of(session.get_inputs(), data.rows.shape)
    if len(feeds) == 1 or not taken_in_order(feeds, data.rows):
        return ()
    shown = ", ".join(f"{feed.name} {feed.width}" for feed in feeds)
    return (f"the graph's inputs take the columns of the data one after the other: {shown}",)


def _output_warning(session: ort.InferenceSession, task: str, classes: tuple[Label, ...]) -> tuple[str, ...]:
    """Which of several outputs of numbers is taken, since only their width and name can tell."""
    nodes = [node for node in session.get_outputs() if node.type in FLOAT_TYPES]
    outputs = outputs_of(session.get_outputs(), task, len(classes))
    taken = outputs.scores or outputs.value
    if len(nodes) < 2 or not taken:  # noqa: PLR2004 - several
        return ()
    others = ", ".join(node.name for node in nodes if node.name != taken)
    return (f"of the graph's outputs {taken} is taken for the prediction; {others} left aside",)


def _batch_warning(session: ort.InferenceSession) -> tuple[str, ...]:
    shape = session.get_inputs()[0].shape
    if not shape or not isinstance(shape[0], int):
        return ()
    line = f"the graph takes exactly {shape[0]} rows a call; larger batches are split, smaller ones filled up"
    return (line,)
