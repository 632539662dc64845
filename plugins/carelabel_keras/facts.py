"""What is learned from a loaded model."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import torch

from carelabel.data.coded import classes_of_codes
from carelabel.errors import LoadError
from carelabel.model.facts import InputType, ModelFacts
from carelabel_keras.predictor import KerasPredictor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from carelabel.data.rows import DataSet

FORMAT: Final = "keras"
_PROBED_ROWS: Final = 32
_SUM_TOLERANCE: Final = 1e-3
_MIXING: Final = ("Attention", "LSTM", "GRU", "RNN", "Transformer")


def facts_of(name: str, model: Any, keras: Any, data: DataSet) -> ModelFacts:  # noqa: ANN401 - Keras' own
    """The facts of a model, some of them found by predicting a few rows of the test set.

    Args:
        name: Of the file, for messages.

    Raises:
        LoadError: If it does not take one array and give one, or does not fit the data.
    """
    input_type = _input_type(name, model, data)
    width = _width(name, model)
    task = "classification" if data.facts.classes else "regression"
    classes, remarks = (), ()  # type: tuple[Any, ...], tuple[str, ...]
    if task == "classification":
        known = data.facts.all_classes or data.facts.classes
        classes, remarks = classes_of_codes(max(2, width), known, name)
    layers = list(_layers(model))
    facts = ModelFacts(
        framework="keras",
        format=FORMAT,
        family=family_of([type(layer).__name__ for layer in layers]),
        estimator=type(model).__name__,
        task=task,
        input_type=input_type,
        n_features=math.prod(input_type.shape),
        classes=classes,
        outputs=1 if task == "classification" else width,
        parameters=int(model.count_params()),
        counts={"layers": len(layers), **_trained(model)},
        libraries={"keras": keras.__version__, "torch": torch.__version__},
        warnings=remarks,
    )
    return _probe(name, model, facts, data) if task == "classification" else facts


def family_of(layers: list[str]) -> str:
    """The family by the names of the layers' classes: cnn, mlp, linear or other."""
    counts = Counter(layers)
    if any(word in name for name in counts for word in _MIXING):
        return "other"
    if any("Conv" in name for name in counts):
        return "cnn"
    dense = counts["Dense"] + counts["EinsumDense"]
    return "mlp" if dense > 1 else "linear" if dense else "other"


def _layers(model: Any) -> Any:  # noqa: ANN401 - an iterator over Keras' layers
    for layer in getattr(model, "layers", ()):
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        elif type(layer).__name__ != "InputLayer":
            yield layer


def _input_type(name: str, model: Any, data: DataSet) -> InputType:  # noqa: ANN401 - as above
    inputs = model.inputs or []
    if len(inputs) != 1:
        msg = f"{name} must take one array, found {len(inputs) or 'no'} inputs"
        raise LoadError(msg, "submit an ONNX export, whose inputs can be several")
    dtype = str(inputs[0].dtype)
    axes, found = tuple(inputs[0].shape[1:]), data.rows.shape
    if dtype == "string":
        msg = f"{name} must take numbers, found an input of text"
        raise LoadError(msg, "torch has no text: leave the vectoriser out of the model")
    shape = axes
    if len(axes) == len(found):
        shape = tuple(there if own is None else own for own, there in zip(axes, found, strict=True))
    turned = len(shape) == len(found) > 1 and shape != found
    if None in shape or math.prod(shape) != math.prod(found) or turned:
        shown = "x".join("any" if axis is None else str(axis) for axis in axes)
        msg = f"the data must have rows as {name} takes them, {shown}; it has {'x'.join(map(str, found))}"
        raise LoadError(msg, "images: {layout: nhwc} lays them down as Keras takes them")
    return InputType(container="array", dtype=dtype, shape=shape, rounds_to=dtype)


def _width(name: str, model: Any) -> int:  # noqa: ANN401 - as above
    outputs = model.outputs or []
    if len(outputs) != 1 or len(outputs[0].shape) > 2 or None in outputs[0].shape[1:]:  # noqa: PLR2004 - rows, values
        shown = ", ".join(str(tuple(output.shape)) for output in outputs) or "none"
        msg = f"{name} must give one array of some values a row, found outputs of the shapes {shown}"
        raise LoadError(msg, "submit the part of the model that gives the prediction")
    return int(math.prod(outputs[0].shape[1:]))


def _trained(model: Any) -> dict[str, int]:  # noqa: ANN401 - as above
    frozen = sum(math.prod(weight.shape) for weight in model.non_trainable_weights)
    return {"frozen_parameters": int(frozen)} if frozen else {}


def _probe(name: str, model: Any, facts: ModelFacts, data: DataSet) -> ModelFacts:  # noqa: ANN401 - as above
    """Whether the scores are probabilities, which only predictions show."""
    predictor = KerasPredictor(model, facts, "cpu")
    try:
        scores = predictor.scores(predictor.prepare(data.rows[:_PROBED_ROWS]))
    except Exception as error:  # layers raise anything
        said = " ".join(str(error).split())[:300]
        msg = f"{name} must predict the rows of its test set; Keras says: {said}"
        raise LoadError(msg, "check that data and model belong together") from error
    probable = _are_probabilities(scores)
    return dataclasses.replace(facts, probabilities=probable, decision=not probable)


def _are_probabilities(scores: NDArray[np.floating]) -> bool:
    """Whether a few rows lie in [0, 1] and, with several columns, sum to one."""
    if not len(scores) or scores.min() < -_SUM_TOLERANCE or scores.max() > 1 + _SUM_TOLERANCE:
        return False
    return scores.ndim == 1 or bool((abs(scores.sum(axis=1) - 1) <= _SUM_TOLERANCE).all())
