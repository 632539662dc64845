"""Forests with fewer trees: those are kept that do the most for the answer of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.errors import CareLabelError, UnsupportedError
from carelabel_sklearn.counts import counts_of
from carelabel_sklearn.inputs import prepare
from carelabel_sklearn.pruned import estimator_of, saved
from carelabel_sklearn.selection import by_contribution, by_reduced_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from carelabel.plugin.interfaces import Artefact, ConvertContext

PRUNING_ROWS: Final = 2000
_STALE: Final = ("oob_score_", "oob_decision_function_", "oob_prediction_")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Judged:
    """What the members of a forest answer on the pruning rows.

    Attributes:
        answers: (members, n, k) probabilities, or (members, n, outputs) values.
        target: (n,) class numbers, or (n, outputs) values.
    """

    answers: NDArray[np.float32]
    target: NDArray[Any]
    classifies: bool


def reduced_error(artefact: Artefact, out: Path, context: ConvertContext, keep: float = 0.5) -> Artefact:
    """Keep the trees that lower the forest's error on training rows most, chosen one after the other.

    The rows are those that the trees were fitted on (up to 2000, a seeded choice): the test set stays out of it.

    Args:
        keep: Share of the trees to keep, above 0 to 1.

    Raises:
        UnsupportedError: If the forest has one tree, or several outputs with classes of their own.
        CareLabelError: If there are no training rows with a target that the model knows.
    """

    def choose(judged: Judged, count: int) -> list[int]:
        return by_reduced_error(judged.answers, judged.target, count, votes=judged.classifies)

    return _pruned(artefact, out, context, keep, choose)


def contribution(artefact: Artefact, out: Path, context: ConvertContext, keep: float = 0.5) -> Artefact:
    """Keep the trees whose own labels contribute most: right ones where few trees are right.

    Args:
        keep: Share of the trees to keep, above 0 to 1.

    Raises:
        UnsupportedError, CareLabelError: As `reduced_error`.
    """

    def choose(judged: Judged, count: int) -> list[int]:
        labels = judged.answers.argmax(axis=2)
        return by_contribution(labels, judged.target, judged.answers.shape[2])[:count]

    return _pruned(artefact, out, context, keep, choose)


def _pruned(
    artefact: Artefact, out: Path, context: ConvertContext, keep: float, choose: Callable[[Judged, int], list[int]]
) -> Artefact:
    estimator = estimator_of(context)
    members = estimator.estimators_
    count = max(1, round(keep * len(members)))
    if count == len(members):
        msg = f"the forest must have trees to leave out; with keep {keep:g} it keeps all {len(members)}"
        raise UnsupportedError(msg, "set a smaller keep, or leave this candidate out")
    before = counts_of(estimator)[0]
    judged = _judged(estimator, artefact, context)
    # In their own order, so that sums are as they were wherever all trees are kept.
    chosen = sorted(choose(judged, count))
    estimator.estimators_ = [members[number] for number in chosen]
    estimator.n_estimators = count
    for name in _STALE:
        vars(estimator).pop(name, None)  # figures of the whole forest
    return saved(artefact, estimator, before, out, keep=keep, pruning_rows=len(judged.target))


def _judged(estimator: Any, artefact: Artefact, context: ConvertContext) -> Judged:  # noqa: ANN401 - a forest
    train = context.train
    if train is None or train.target is None or not len(train):
        msg = "ensemble pruning needs training rows with their target; the metadata names none"
        raise CareLabelError(msg, "add data.train to the metadata")
    chosen = np.sort(np.random.default_rng(context.seed).permutation(len(train))[:PRUNING_ROWS])
    x = prepare(train.rows[chosen], artefact.input_type or artefact.facts.input_type)
    given = np.asarray(train.target)[chosen]
    classifies = artefact.facts.task == "classification"
    target = _numbers(given, estimator.classes_) if classifies else given.reshape(len(given), -1)
    parts = [member.predict_proba(x) if classifies else member.predict(x) for member in estimator.estimators_]
    answers = np.stack([np.asarray(part, dtype=np.float32).reshape(len(given), -1) for part in parts])
    return Judged(answers=answers, target=target, classifies=classifies)


def _numbers(given: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    """(n,) class numbers of labels.

    Raises:
        CareLabelError: If there is a label that the model does not know.
    """
    held = {label: number for number, label in enumerate(classes.tolist())}
    if foreign := set(given.tolist()) - set(held):
        msg = f"the training set must hold classes that the model knows; it holds {min(map(str, foreign))}"
        raise CareLabelError(msg, "check that data and model belong together")
    return np.array([held[label] for label in given.tolist()], dtype=np.int64)
