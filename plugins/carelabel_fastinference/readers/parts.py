"""Single trees as arrays, and how they are joined into one ensemble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TreePart:
    """One tree; node 0 is its root. Fields as in TreeEnsemble, but children count from the tree's root.

    Attributes:
        feature: (n_nodes,), anything negative at a leaf.
        threshold: (n_nodes,), anything at a leaf.
        left: (n_nodes,), anything at a leaf.
        right: (n_nodes,), anything at a leaf.
        missing_left: (n_nodes,).
        value: (n_nodes, n_values).
        samples: (n_nodes,).
        words: {node: uint32 bit set of the categories that go left}, for categorical nodes.
    """

    feature: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array
    value: Array
    samples: Array
    words: dict[int, Array]


def join_parts(parts: list[TreePart], **rules: Any) -> TreeEnsemble:  # noqa: ANN401 - fields of TreeEnsemble
    """Join trees in their order; rules are the remaining fields of TreeEnsemble."""
    sizes = [len(part.feature) for part in parts]
    tree_start = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    feature = np.concatenate([part.feature for part in parts]).astype(np.int32)
    leaf = feature < 0
    offset = np.repeat(tree_start[:-1], sizes)
    category_start, category_words = _join_words(parts, tree_start)
    categorical = np.zeros(len(feature), dtype=bool)
    if category_start is not None:
        categorical = np.diff(category_start) > 0
    threshold = np.concatenate([part.threshold for part in parts]).astype(np.float64)
    threshold[leaf | categorical] = np.nan
    return TreeEnsemble(
        tree_start=tree_start,
        feature=np.where(leaf, np.int32(-1), feature),
        # Negative zero would compare the same; positive zero keeps integer keys of thresholds in order.
        threshold=threshold + 0.0,
        left=np.where(leaf, -1, np.concatenate([part.left for part in parts]) + offset).astype(np.int32),
        right=np.where(leaf, -1, np.concatenate([part.right for part in parts]) + offset).astype(np.int32),
        missing_left=np.concatenate([part.missing_left for part in parts]).astype(bool) & ~leaf,
        value=np.ascontiguousarray(np.concatenate([part.value for part in parts]), dtype=np.float64),
        samples=np.concatenate([part.samples for part in parts]).astype(np.float64),
        category_start=category_start,
        category_words=category_words,
        **rules,
    )


def _join_words(parts: list[TreePart], tree_start: Array) -> tuple[Array | None, Array | None]:
    """Bit sets of all categorical nodes, in the order of the nodes."""
    if not any(part.words for part in parts):
        return None, None
    counts = np.zeros(int(tree_start[-1]), dtype=np.int64)
    words: list[Array] = []
    for start, part in zip(tree_start, parts, strict=False):
        for node in sorted(part.words):
            counts[start + node] = len(part.words[node])
            words.append(part.words[node])
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64), np.concatenate(words).astype(np.uint32)
