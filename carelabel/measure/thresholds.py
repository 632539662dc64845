"""Rows on and next to split thresholds of trees: where engines that round otherwise give themselves away.

Backends of tree models describe their trees as `SplitTree` and let `place_rows` do the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.plugin.interfaces import BoundaryRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PLACES: Final = 3
"""A row on the threshold, and one on each side of it."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SplitTree:
    """One tree as arrays over its nodes, the root first.

    Attributes:
        feature: Column that an inner node compares.
        numeric: True at inner nodes that compare with a threshold; False at leaves and at splits by category.
        missing_left: Which way a missing value goes.
        strict: Rows go left where value < threshold; else where value <= threshold.
    """

    feature: NDArray[np.integer[Any]]
    threshold: NDArray[np.floating[Any]]
    left: NDArray[np.integer[Any]]
    right: NDArray[np.integer[Any]]
    numeric: NDArray[np.bool_]
    missing_left: NDArray[np.bool_]
    strict: bool = False


def stump(feature: int, threshold: float) -> SplitTree:
    """A single split, for models that compare every row with every threshold (oblivious trees)."""
    return SplitTree(
        feature=np.array([feature, -1, -1]),
        threshold=np.array([threshold, 0.0, 0.0]),
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        numeric=np.array([True, False, False]),
        missing_left=np.array([True, False, False]),
    )


def place_rows(trees: Sequence[SplitTree], base: NDArray[Any], rng: np.random.Generator) -> BoundaryRows | None:
    """Put one feature of each row on a threshold that the row comes to on its way down a tree.

    Args:
        base: (m, features) rows of the data in the model's element type, a float.

    Returns: (3 m, features): each row on the threshold and on its float32 neighbours below and above. A row counts as
        on the threshold where its element type holds that exactly; one whose threshold is infinite stays as it is. None
        where no tree has a split by threshold.
    """
    split = [tree for tree in trees if tree.numeric[0]]
    if not split or not len(base):
        return None
    rows = np.repeat(base, PLACES, axis=0)
    exact = np.zeros(len(rows), dtype=bool)
    for number, row in enumerate(base):
        tree = split[rng.integers(len(split))]
        node = rng.choice(path_of(tree, row))
        threshold = np.float64(tree.threshold[node])
        places = neighbourhood(float(threshold), base.dtype)
        if not np.isfinite(places).all():  # the split is between values and missing ones
            continue
        first = number * PLACES
        rows[first : first + PLACES, tree.feature[node]] = places
        exact[first : first + PLACES] = places.astype(np.float64) == threshold  # else numpy 1 compares in float32
    return BoundaryRows(rows=rows, on_threshold=exact)


def neighbourhood(threshold: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """(3,) the threshold, and the float32 below and above the float32 nearest to it."""
    nearest = np.float32(threshold)
    with np.errstate(over="ignore"):  # beyond the largest float32 lies infinity
        down, up = (np.nextafter(nearest, np.float32(end)) for end in (-np.inf, np.inf))
    return np.array([threshold, down, up], dtype=dtype)


def path_of(tree: SplitTree, row: NDArray[Any]) -> list[int]:
    """Inner nodes that a row comes to, from the root, as far as splits are by threshold."""
    node, path = 0, []
    while tree.numeric[node]:
        path.append(node)
        value, threshold = float(row[tree.feature[node]]), float(tree.threshold[node])
        if np.isnan(value):
            is_left = bool(tree.missing_left[node])
        else:
            is_left = bool(value < threshold if tree.strict else value <= threshold)
        node = int(tree.left[node] if is_left else tree.right[node])
    return path
