"""LightGBM's text format: header and trees, and whether they are all there.

LightGBM itself ends the process when a file is cut off, so that is looked at before it reads one.
Source: LightGBM 4, src/boosting/gbdt_model_text.cpp, include/LightGBM/tree.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from carelabel.measure.thresholds import SplitTree

Pairs = dict[str, str]

FIRST: Final = "tree"
_END: Final = "\nend of trees"
_SPLITS: Final = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
_CATEGORICAL: Final = 1
_DEFAULT_LEFT: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelText:
    """A model's text: lines ``key=value`` of the header and of each tree."""

    header: Pairs
    trees: tuple[Pairs, ...]

    @property
    def objective(self) -> str:
        """Name of the objective, ``custom`` where the model was trained with one of the user's."""
        return (self.header.get("objective") or "custom").split()[0]

    @property
    def columns(self) -> int:
        """Scores a row: classes of a multi-class model, else 1."""
        return int(self.header["num_class"])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features; empty where LightGBM numbered them itself."""
        names = tuple(self.header["feature_names"].split())
        return () if names == tuple(f"Column_{number}" for number in range(len(names))) else names

    @property
    def features(self) -> int:
        """Number of features."""
        return int(self.header["max_feature_idx"]) + 1


def parse(text: str) -> ModelText:
    """Take a model's text apart.

    Raises:
        ValueError: If it is no such text, or not all of it is there; the message says what is missing.
    """
    if text.partition("\n")[0].strip() != FIRST:
        msg = f"it begins with {text[:24].strip()!r}"
        raise ValueError(msg)
    body, end, _ = text.partition(_END)
    head, *blocks = body.split("\nTree=")
    header = _pairs(head)
    missing = [key for key in ("num_class", "max_feature_idx", "feature_names", "tree_sizes") if key not in header]
    if missing:
        msg = f"it ends too early: its header has no {missing[0]}"
        raise ValueError(msg)
    announced = len(header["tree_sizes"].split())
    if not end or len(blocks) != announced:
        msg = f"it ends too early: {announced} trees are announced and {len(blocks)} there"
        raise ValueError(msg)
    trees = tuple(_pairs(block.partition("\n")[2]) for block in blocks)
    for number, tree in enumerate(trees):
        _check(number, tree)
    return ModelText(header=header, trees=trees)


def _pairs(block: str) -> Pairs:
    return {key: value for key, _, value in (line.partition("=") for line in block.splitlines()) if key}


def _check(number: int, tree: Pairs) -> None:
    """Hold that a tree has as many entries as it says."""
    leaves = int(tree.get("num_leaves", "0"))
    sizes = {"leaf_value": leaves} | (dict.fromkeys(_SPLITS, leaves - 1) if leaves > 1 else {})
    for key, size in sizes.items():
        found = len(tree.get(key, "").split())
        if leaves < 1 or found != size:
            msg = f"it is damaged: tree {number} has {found} values of {key}, {size} are needed"
            raise ValueError(msg)


def counts_of(model: ModelText) -> tuple[dict[str, int], int]:
    """Named counts, and learned numbers: a threshold a split and a value a leaf."""
    leaves = sum(int(tree["num_leaves"]) for tree in model.trees)
    splits = leaves - len(model.trees)
    counts = {"trees": len(model.trees), "nodes": leaves + splits, "leaves": leaves, "thresholds": splits}
    return counts, leaves + splits


def split_trees(model: ModelText) -> list[SplitTree]:
    """The trees that split, with their thresholds."""
    return [_split_tree(tree) for tree in model.trees if int(tree["num_leaves"]) > 1]


def _split_tree(tree: Pairs) -> SplitTree:
    """Inner nodes first, then the leaves, which children name by negative numbers from -1."""
    feature, decision, left, right = (
        np.array(tree[key].split(), dtype=np.int64)
        for key in ("split_feature", "decision_type", "left_child", "right_child")
    )
    inner, leaves = len(feature), int(tree["num_leaves"])
    pad = np.zeros(leaves, dtype=np.int64)
    threshold = np.array(tree["threshold"].split(), dtype=np.float64)
    left, right = (np.where(child < 0, inner - 1 - child, child) for child in (left, right))
    return SplitTree(
        feature=np.concatenate([feature, pad]),
        threshold=np.concatenate([threshold, pad]),
        left=np.concatenate([left, pad]),
        right=np.concatenate([right, pad]),
        numeric=np.concatenate([(decision & _CATEGORICAL) == 0, pad > 0]),
        missing_left=np.concatenate([(decision & _DEFAULT_LEFT) > 0, pad > 0]),
    )
