"""Which output of a graph is what: label, scores, or a value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from carelabel.errors import LoadError

LABEL_TYPES: Final = frozenset({"tensor(int64)", "tensor(int32)", "tensor(string)", "tensor(bool)"})
FLOAT_TYPES: Final = frozenset({"tensor(float)", "tensor(double)", "tensor(float16)"})
_LABEL_WORDS: Final = ("label", "class", "pred")
_SCORE_WORDS: Final = ("prob", "score", "softmax", "pred")


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


def outputs_of(nodes: list[Any], task: str, classes: int = 0) -> Outputs:
    """Sort a session's outputs; of several that could be the prediction, the one whose width and name fit.

    Args:
        classes: Number of classes, 0 when unknown.

    Raises:
        LoadError: If none of them can be the prediction of that task.
    """
    labels = [node.name for node in _fitting(nodes, LABEL_TYPES, {1}, _LABEL_WORDS)]
    widths = {1} if task == "regression" else {1, classes} if classes == len(("no", "yes")) else {classes}
    floats = [node.name for node in _fitting(nodes, FLOAT_TYPES, widths, _SCORE_WORDS)]
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


def width_of(node: Any) -> int | None:  # noqa: ANN401 - the session's description
    """Values a row of an output, None where the graph leaves it open."""
    axes = node.shape[1:] if node.shape else []
    return math.prod(axes) if all(isinstance(axis, int) for axis in axes) else None


def _fitting(nodes: list[Any], types: frozenset[str], widths: set[int], words: tuple[str, ...]) -> list[Any]:
    """Outputs of a type, those first whose width fits, and among them those whose name says it."""

    def rank(node: Any) -> tuple[bool, int]:  # noqa: ANN401 - as above
        named = [number for number, word in enumerate(words) if word in node.name.lower()]
        return width_of(node) not in {None, *widths}, min(named, default=len(words))

    return sorted((node for node in nodes if node.type in types), key=rank)
