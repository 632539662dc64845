"""Which output of a graph is what: label, scores, or a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from carelabel.errors import LoadError

LABEL_TYPES: Final = frozenset({"tensor(int64)", "tensor(int32)", "tensor(string)", "tensor(bool)"})
FLOAT_TYPES: Final = frozenset({"tensor(float)", "tensor(double)", "tensor(float16)"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """Names of a graph's outputs by their part.

    Attributes:
        label: Predicted classes or cluster numbers, or empty.
        scores: Probabilities or decision scores of the classes, or empty.
        scores_are_maps: The scores are a list of dicts (a graph that ends in ZipMap).
        value: Predicted values of a regression, or empty.
    """

    label: str = ""
    scores: str = ""
    scores_are_maps: bool = False
    value: str = ""


def outputs_of(nodes: list[Any], task: str) -> Outputs:
    """Sort a session's outputs.

    Raises:
        LoadError: If none of them can be the prediction of that task.
    """
    labels = [node.name for node in nodes if node.type in LABEL_TYPES]
    floats = [node.name for node in nodes if node.type in FLOAT_TYPES]
    maps = [node.name for node in nodes if node.type.startswith("seq(map(")]
    if task == "regression":
        if floats:
            return Outputs(value=floats[0])
        if labels:  # counts and other whole numbers
            return Outputs(value=labels[0])
    elif task == "classification" and (labels or floats):
        scores = (maps or floats or [""])[0]
        return Outputs(label=labels[0] if labels else "", scores=scores, scores_are_maps=bool(maps))
    elif labels:
        return Outputs(label=labels[0])
    found = ", ".join(f"{node.name} ({node.type})" for node in nodes)
    msg = f"for {task} a graph must give {'a number' if task == 'regression' else 'a label'} a row; it gives {found}"
    raise LoadError(msg, "check the task in the metadata")
