"""What is learned from a loaded network, some of it by predicting a few rows of the test set."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Final

import torch

from carelabel.errors import LoadError
from carelabel.model.facts import InputType, ModelFacts
from carelabel_torch.network import Network, counts_of, family_of
from carelabel_torch.predictor import LOGITS, TorchPredictor

if TYPE_CHECKING:
    from carelabel.data.rows import DataSet

Label = str | int | float | bool
_PROBED_ROWS: Final = 32
_SUM_TOLERANCE: Final = 1e-3
_IMAGE_AXES: Final = 3
_SHOWN: Final = 300
_FITS: Final = "check that data and model belong together"


def facts_of(name: str, network: Network, file_format: str, data: DataSet) -> ModelFacts:
    """The facts of a network.

    A network does not say what it is for: classes in the data tell it. Their scores become probabilities by softmax
    unless they are probabilities already; the facts' warnings say which.

    Args:
        name: Of the file, for messages.

    Raises:
        LoadError: If it cannot predict rows like these, or its outputs do not fit the classes of the data.
    """
    task = "classification" if data.facts.classes else "regression"
    counts = counts_of(network)
    shape = _shape(network, data.rows.shape)
    input_type = InputType(container="array", dtype=network.dtype, shape=shape, rounds_to=network.dtype)
    facts = ModelFacts(
        framework="torch",
        format=file_format,
        family=family_of(network),
        estimator=network.name,
        task=task,
        input_type=input_type,
        n_features=math.prod(shape),
        feature_names=data.rows.names if len(shape) == 1 and len(data.rows.names) == shape[0] else (),
        parameters=counts.pop("parameters"),
        counts=counts,
        libraries={"torch": str(torch.__version__)},
        warnings=network.warnings,
    )
    return _probe(name, network, facts, data) if len(data.rows) else facts


def _shape(network: Network, found: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a row: the network's own, which the data must fit, else that of the data. Axes are never turned."""
    if network.shape is None:
        return found
    wanted = network.shape
    turned = len(wanted) == len(found) == _IMAGE_AXES and wanted != found and sorted(wanted) == sorted(found)
    if math.prod(wanted) != math.prod(found) or turned:
        shown, given = ("x".join(map(str, axes)) for axes in (wanted, found))
        msg = f"the data must have rows as the network takes them, {shown}; it has {given}"
        raise LoadError(msg, "lay the data down in that shape" if turned else _FITS)
    return wanted


def _probe(name: str, network: Network, facts: ModelFacts, data: DataSet) -> ModelFacts:
    """Complete the facts with what only predictions show: width and kind of the outputs."""
    output = _answer(name, network, facts, data)
    if facts.task != "classification":
        return dataclasses.replace(facts, outputs=int(output.shape[1]))
    is_probability = _are_probabilities(output)
    width = int(output.shape[1])
    turned = "logistic function" if width == 1 else "softmax"
    stated = () if is_probability else (f"probabilities are the {turned} of the network's outputs",)
    return dataclasses.replace(
        facts,
        classes=_classes(name, max(2, width), data.facts.all_classes or data.facts.classes),
        probabilities=True,
        provides=() if is_probability else (LOGITS,),
        warnings=(*facts.warnings, *stated, *_batch_warning(network)),
    )


def _answer(name: str, network: Network, facts: ModelFacts, data: DataSet) -> Any:  # noqa: ANN401 - a torch.Tensor
    """(n, k) outputs for the first rows, asked for in two sizes, since a traced network can have one built in."""
    looking = TorchPredictor(network, facts.input_type, facts)
    rows = looking.prepare(data.rows[:_PROBED_ROWS])
    for part in (rows[:1], rows):
        try:
            with torch.inference_mode():
                output = looking.raw(part)
        except Exception as error:  # a network's own code raises anything
            said = _cause(error)
            msg = f"{name} must predict the rows of its test set, {tuple(part.shape[1:])} each; torch says: {said}"
            raise LoadError(msg, _FITS) from error
        shape = () if output is None else tuple(output.shape)
        if len(shape) not in {1, 2} or shape[0] != len(part):
            msg = f"{name} must give (rows, outputs) for any number of rows; it gives {shape} for {len(part)}"
            raise LoadError(msg, "export it with a dynamic first axis, and numbers or scores a row as its first output")
    return output.reshape(len(rows), -1)


def _cause(error: Exception) -> str:
    """What went wrong; TorchScript says it after the trace of its own code."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join((lines[-1] if "TorchScript" in lines[0] else " ".join(lines)).split())[:_SHOWN]


def _are_probabilities(output: Any) -> bool:  # noqa: ANN401 - as above
    """Whether these few rows lie in [0, 1] and, with several columns, sum to one."""
    if output.min() < -_SUM_TOLERANCE or output.max() > 1 + _SUM_TOLERANCE:
        return False
    return output.shape[1] == 1 or bool(((output.sum(dim=1) - 1).abs() <= _SUM_TOLERANCE).all())


def _classes(name: str, width: int, found: tuple[Label, ...]) -> tuple[Label, ...]:
    """In the order of the outputs: those of metadata or data; whole numbers from zero are completed."""
    if len(found) == width:
        return found
    if all(isinstance(item, int) and 0 <= item < width for item in found):
        return tuple(range(width))
    msg = f"{name} gives {width} scores a row, so {width} classes must be known; metadata and data name {len(found)}"
    raise LoadError(msg, "list all classes in the metadata, in the order of the scores: data.classes")


def _batch_warning(network: Network) -> tuple[str, ...]:
    if network.batch is None:
        return ()
    return (f"the network takes exactly {network.batch} rows a call; larger batches are split, smaller ones filled up",)
