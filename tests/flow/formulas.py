"""Quality figures by their textbook formulas, in plain Python: what the label's figures are held against."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    Labels = Sequence[Hashable]
    Numbers = Sequence[float]


def accuracy(truth: Labels, answers: Labels) -> float:
    return sum(t == a for t, a in zip(truth, answers, strict=True)) / len(truth)


def error_rate(truth: Labels, answers: Labels) -> float:
    return 1.0 - accuracy(truth, answers)


def confusion(truth: Labels, answers: Labels, classes: Labels) -> list[list[int]]:
    """Rows are true classes, columns predicted ones."""
    pairs = list(zip(truth, answers, strict=True))
    return [[pairs.count((t, a)) for a in classes] for t in classes]


def precision(truth: Labels, answers: Labels, positive: Hashable) -> float:
    predicted = [t for t, a in zip(truth, answers, strict=True) if a == positive]
    return predicted.count(positive) / len(predicted) if predicted else 0.0


def recall(truth: Labels, answers: Labels, positive: Hashable) -> float:
    there = [a for t, a in zip(truth, answers, strict=True) if t == positive]
    return there.count(positive) / len(there) if there else 0.0


def f1(truth: Labels, answers: Labels, positive: Hashable) -> float:
    p, r = precision(truth, answers, positive), recall(truth, answers, positive)
    return 2 * p * r / (p + r) if p + r else 0.0


def macro(figure: Callable[[Labels, Labels, Hashable], float], truth: Labels, answers: Labels) -> float:
    """Mean over the classes that occur in truth or answers."""
    classes = set(truth) | set(answers)
    return sum(figure(truth, answers, each) for each in classes) / len(classes)


def weighted(figure: Callable[[Labels, Labels, Hashable], float], truth: Labels, answers: Labels) -> float:
    """Mean over classes, weighted by their rows."""
    return sum(list(truth).count(each) * figure(truth, answers, each) for each in set(truth)) / len(truth)


def balanced_accuracy(truth: Labels, answers: Labels) -> float:
    there = set(truth)
    return sum(recall(truth, answers, each) for each in there) / len(there)


def log_loss(truth: Labels, probabilities: Sequence[Numbers], classes: Labels) -> float:
    place = {each: number for number, each in enumerate(classes)}
    least = 2.0**-52
    chosen = [row[place[t]] / sum(row) for t, row in zip(truth, probabilities, strict=True)]
    return -sum(math.log(max(p, least)) for p in chosen) / len(chosen)


def auc(positive: Sequence[bool], scores: Numbers) -> float:
    """Chance that a positive row scores above a negative one, ties counted half (Mann and Whitney 1947)."""
    above = [s for p, s in zip(positive, scores, strict=True) if p]
    below = [s for p, s in zip(positive, scores, strict=True) if not p]
    wins = sum((a > b) + 0.5 * (a == b) for a in above for b in below)
    return wins / (len(above) * len(below))


def roc_auc(truth: Labels, probabilities: Sequence[Numbers], classes: Labels) -> float:
    """Two classes: of the second. More: each against the rest, averaged."""
    columns = list(zip(*probabilities, strict=True))
    areas = [auc([t == each for t in truth], column) for each, column in zip(classes, columns, strict=True)]
    return areas[1] if len(classes) == 2 else sum(areas) / len(areas)


def mse(truth: Numbers, answers: Numbers) -> float:
    return sum((t - a) ** 2 for t, a in zip(truth, answers, strict=True)) / len(truth)


def rmse(truth: Numbers, answers: Numbers) -> float:
    return math.sqrt(mse(truth, answers))


def mae(truth: Numbers, answers: Numbers) -> float:
    return sum(abs(t - a) for t, a in zip(truth, answers, strict=True)) / len(truth)


def max_error(truth: Numbers, answers: Numbers) -> float:
    return max(abs(t - a) for t, a in zip(truth, answers, strict=True))


def mape(truth: Numbers, answers: Numbers) -> float:
    return sum(abs(t - a) / abs(t) for t, a in zip(truth, answers, strict=True)) / len(truth)


def r2(truth: Numbers, answers: Numbers) -> float:
    mean = sum(truth) / len(truth)
    return 1.0 - mse(truth, answers) * len(truth) / sum((t - mean) ** 2 for t in truth)


def adjusted_rand(truth: Labels, clusters: Labels) -> float:
    """Hubert and Arabie 1985, counted over all pairs of rows."""
    both = same_truth = same_cluster = pairs = 0
    for i, j in combinations(range(len(truth)), 2):
        t, c = truth[i] == truth[j], clusters[i] == clusters[j]
        both, same_truth, same_cluster, pairs = both + (t and c), same_truth + t, same_cluster + c, pairs + 1
    expected = same_truth * same_cluster / pairs
    return (both - expected) / ((same_truth + same_cluster) / 2 - expected)


def silhouette(rows: Sequence[Numbers], clusters: Labels) -> float:
    """Rousseeuw 1987, eq. 2; 0 for a cluster of one row."""
    widths = []
    for i, row in enumerate(rows):
        apart: dict[Hashable, list[float]] = {}
        for j, other in enumerate(rows):
            if i != j:
                apart.setdefault(clusters[j], []).append(math.dist(row, other))
        own = apart.pop(clusters[i], [])
        if not own:
            widths.append(0.0)
            continue
        a, b = sum(own) / len(own), min(sum(far) / len(far) for far in apart.values())
        widths.append((b - a) / max(a, b))
    return sum(widths) / len(widths)
