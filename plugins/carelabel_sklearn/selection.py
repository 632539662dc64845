"""Which members of an ensemble to keep, judged by what they answer on pruning rows: methods from the literature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def by_reduced_error(answers: NDArray[np.float32], target: NDArray[Any], count: int, *, votes: bool) -> list[int]:
    """Choose members one after the other: each time the one with which the ensemble errs least.

    Args:
        answers: (members, n, k) probabilities of classes, or (members, n, k) values.
        target: (n,) class numbers, or (n, k) values.
        count: Members to choose.
        votes: True for classes: wrong labels decide, the squared error of the probabilities where they are as many.

    Returns: Numbers of members in the order in which they were chosen.

    Source: Margineantu and Dietterich 1997, Pruning Adaptive Boosting, without its back-fitting.
    """
    wanted = np.eye(answers.shape[2], dtype=np.float32)[target] if votes else target.astype(np.float32)
    total = np.zeros(answers.shape[1:], dtype=np.float32)
    chosen: list[int] = []
    rest = list(range(len(answers)))
    while len(chosen) < count:
        errors = [_error((total + answers[one]) / (len(chosen) + 1), wanted, votes=votes) for one in rest]
        best = rest.pop(min(range(len(rest)), key=errors.__getitem__))
        total += answers[best]
        chosen.append(best)
    return chosen


def _error(mean: NDArray[np.float32], wanted: NDArray[np.float32], *, votes: bool) -> tuple[float, float]:
    squared = float(np.square(mean - wanted).mean())
    wrong = float((mean.argmax(axis=1) != wanted.argmax(axis=1)).mean()) if votes else 0.0
    return wrong, squared


def by_contribution(labels: NDArray[np.integer[Any]], target: NDArray[np.integer[Any]], classes: int) -> list[int]:
    """Order members by what each contributes: being right counts more where few members are.

    Args:
        labels: (members, n) class numbers. target: (n,) class numbers.

    Returns: Numbers of all members, the one that contributes most first.

    Source: Lu, Wu, Zhu and Bongard 2010, Ensemble Pruning via Individual Contribution Ordering.
    """
    rows = np.arange(len(target))
    votes = np.stack([(labels == one).sum(axis=0) for one in range(classes)], axis=1)
    ordered = np.sort(votes, axis=1)
    most, second = ordered[:, -1], ordered[:, -2] if classes > 1 else np.zeros(len(target), dtype=int)
    right_votes = votes[rows, target]
    gains = np.empty(len(labels))
    for number, own in enumerate(labels):
        own_votes = votes[rows, own]
        in_minority = 2 * most - own_votes
        when_wrong = right_votes - own_votes - most
        when_right = np.where(own_votes < most, in_minority, second)
        gains[number] = np.where(own == target, when_right, when_wrong).sum()
    order: list[int] = np.argsort(-gains, kind="stable").tolist()
    return order
