"""The shape of trees held as child indices: whether they are trees, depths, path probabilities.

Everything goes level by level over all trees at once, so that millions of nodes cost a few array passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def check_structure(tree_start: Array, left: Array, right: Array) -> None:
    """Check that every node range is one tree rooted at its first node.

    Raises:
        ValueError: if a range is empty, a child lies outside its tree, has two parents, or cannot be reached.
    """
    n_nodes = len(left)
    sizes = np.diff(tree_start)
    if tree_start[0] != 0 or tree_start[-1] != n_nodes or (sizes < 1).any():
        msg = f"tree_start must rise from 0 to {n_nodes} with a node or more a tree"
        raise ValueError(msg)
    inner = np.flatnonzero(left >= 0)
    first = np.repeat(tree_start[:-1], sizes)[inner]
    last = np.repeat(tree_start[1:], sizes)[inner]
    for name, child in (("left", left[inner]), ("right", right[inner])):
        outside = (child <= first) | (child >= last)
        if outside.any():
            at = int(np.argmax(outside))
            msg = f"{name}[{inner[at]}] must be a node of its own tree other than the root, got {child[at]}"
            raise ValueError(msg)
    children = np.concatenate((left[inner], right[inner]))
    parents = np.bincount(children, minlength=n_nodes)
    if (parents > 1).any():
        msg = f"node {int(np.argmax(parents > 1))} must have one parent, got {int(parents.max())}"
        raise ValueError(msg)
    reached = sum(len(level) for level in levels(tree_start, left, right))
    if reached != n_nodes:
        msg = f"every node must be reached from the root of its tree, got {n_nodes - reached} that are not"
        raise ValueError(msg)


def levels(tree_start: Array, left: Array, right: Array) -> Iterator[Array]:
    """Yield the nodes of all trees level by level, roots first: int64 arrays of absolute indices."""
    level = np.asarray(tree_start[:-1])
    while len(level):
        yield level
        inner = level[left[level] >= 0]
        level = np.concatenate((left[inner], right[inner])).astype(np.int64)


def node_depth(tree_start: Array, left: Array, right: Array) -> Array:
    """Distance of every node from its root: int32 (n_nodes,)."""
    depth = np.zeros(len(left), dtype=np.int32)
    for index, level in enumerate(levels(tree_start, left, right)):
        depth[level] = index
    return depth


def path_probability(tree_start: Array, left: Array, right: Array, samples: Array) -> Array:
    """Share of a tree's samples that reach each node: float64 (n_nodes,), 1 at a root.

    Where the samples of both children do not sum to a positive finite number, each child gets half.
    """
    probability = np.ones(len(left), dtype=np.float64)
    for level in levels(tree_start, left, right):
        inner = level[left[level] >= 0]
        one, other = left[inner], right[inner]
        total = samples[one] + samples[other]
        known = np.isfinite(total) & (total > 0)
        share = np.where(known, samples[one] / np.where(known, total, 1.0), 0.5)
        probability[one] = probability[inner] * share
        probability[other] = probability[inner] * (1.0 - share)
    return probability
