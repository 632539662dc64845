"""Random ensembles: every combination of rules that a reader could bring, to test evaluators with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference.ensemble import ZERO_THRESHOLD
from carelabel_fastinference.readers.parts import TreePart, join_parts

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_LEAF_SHARE: Final = 0.2
_CATEGORICAL_SHARE: Final = 0.4
_N_CATEGORIES: Final = 70
_ODD_THRESHOLDS: Final = (0.0, -0.0, 1e-45, -1e-45, ZERO_THRESHOLD, 3.5e38, -3.5e38, np.inf, -np.inf, 0.1)


def random_ensemble(seed: int, *, n_trees: int = 5, n_features: int = 4, max_depth: int = 5) -> TreeEnsemble:
    """An ensemble drawn from a seed; equal seeds give equal ensembles.

    Rules are drawn too: forests and boosting, one and several outputs, both comparisons and precisions,
    missing values, zeros as missing, encoded and plain categories, one-node trees.
    """
    rng = np.random.default_rng(seed)
    forest, categorical = bool(rng.random() < 0.5), bool(rng.random() < _CATEGORICAL_SHARE)  # noqa: PLR2004
    rules = _rules(rng, n_features, forest=forest)
    columns = len(rules["base"])
    n_values = columns if forest else 1
    parts = [_part(rng, n_features, n_values, max_depth, categorical=categorical) for _ in range(n_trees)]
    output = np.full(n_trees, -1) if forest else np.arange(n_trees) % columns
    if categorical:
        rules["category_values"] = _category_values(rng, n_features)
    return join_parts(parts, tree_output=output.astype(np.int32), **rules)


def _rules(rng: np.random.Generator, n_features: int, *, forest: bool) -> dict[str, Any]:
    """Fields of the ensemble that are not about nodes."""
    precision = str(rng.choice(["float32", "float64"]))
    rules: dict[str, Any] = {
        "n_features": n_features,
        "comparison": str(rng.choice(["<=", "<"])),
        "input_rounding": str(rng.choice(["float32", "float64"])),
        "accumulate": precision,
        "accepts_nan": True,
        "source": f"random {'forest' if forest else 'boosting'}",
    }
    if rng.random() < 0.3:  # noqa: PLR2004
        rules["zero_as_missing"] = rng.random(n_features) < 0.5  # noqa: PLR2004
    sizes = [int(n) for n in rng.integers(1, 4, size=int(rng.integers(1, 3)))] if forest else [int(rng.integers(2, 5))]
    if rng.random() < 0.3:  # noqa: PLR2004
        columns = sum(sizes) if forest else 1
        rules |= {"task": "regression", "link": "identity" if forest else str(rng.choice(["identity", "exp"]))}
    elif forest:
        columns = sum(sizes)
        classes = tuple(np.array([f"class {output}.{k}" for k in range(n)]) for output, n in enumerate(sizes))
        rules |= {"task": "classification", "outputs": classes}
    else:
        columns = 1 if sizes[0] == 2 else sizes[0]  # noqa: PLR2004
        single = ["positive-score", "non-negative-score", "largest-probability"]
        rules |= {
            "task": "classification",
            "outputs": (np.arange(sizes[0]) * 10,),
            "link": "logistic" if columns == 1 else "softmax",
            "label_rule": str(rng.choice(single if columns == 1 else ["largest-score", "largest-probability"])),
        }
    rules["aggregation"] = "mean" if forest else "sum"
    rules["base"] = np.zeros(columns) if forest else rng.normal(size=columns)
    return rules


def _part(rng: np.random.Generator, n_features: int, n_values: int, max_depth: int, *, categorical: bool) -> TreePart:
    """One tree grown at random; in categorical ensembles feature 0 splits by sets."""
    left, right, feature = [-1], [-1], [-1]
    frontier = [(0, 0)]
    while frontier:
        node, depth = frontier.pop(int(rng.integers(len(frontier))))
        if depth == max_depth or rng.random() < _LEAF_SHARE:
            continue
        feature[node] = int(rng.integers(n_features))
        left[node], right[node] = len(left), len(left) + 1
        frontier += [(left[node], depth + 1), (right[node], depth + 1)]
        for column in (left, right, feature):
            column += [-1, -1]
    nodes = len(left)
    features = np.array(feature)
    value = rng.normal(size=(nodes, n_values))
    odd = rng.random(nodes) < 0.3  # noqa: PLR2004
    sets: list[int] = np.flatnonzero(features == 0).tolist() if categorical else []
    return TreePart(
        feature=features,
        threshold=np.where(odd, rng.choice(_ODD_THRESHOLDS, nodes), np.round(rng.normal(size=nodes), 2)),
        left=np.array(left),
        right=np.array(right),
        missing_left=rng.random(nodes) < 0.5,  # noqa: PLR2004
        value=np.where(rng.random((nodes, 1)) < 0.5, np.round(value), value),  # noqa: PLR2004
        samples=rng.integers(0, 100, nodes).astype(np.float64),
        words={node: _words(rng) for node in sets},
    )


def _words(rng: np.random.Generator) -> Array:
    """A bit set of one to three words."""
    return rng.integers(0, 2**32, size=int(rng.integers(1, 4)), dtype=np.uint32)


def _category_values(rng: np.random.Generator, n_features: int) -> tuple[Array | None, ...] | None:
    """Raw values of feature 0, for every second ensemble."""
    if rng.random() < 0.5:  # noqa: PLR2004
        return None
    raw = np.unique(rng.integers(-50, 50, size=_N_CATEGORIES) / 2.0)
    return (raw, *[None] * (n_features - 1))
