"""The rules of an ensemble without its nodes: what has to be kept beside code that evaluates the nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble


def rules_alone(ensemble: TreeEnsemble) -> TreeEnsemble:
    """The same ensemble with trees of one leaf of zeros: inputs, link, classes and labels stay, scores are lost.

    Categories need no encoding any more, which is left to whoever evaluates the nodes.
    """
    trees = ensemble.n_trees
    return replace(
        ensemble,
        tree_start=np.arange(trees + 1, dtype=np.int64),
        feature=np.full(trees, -1, dtype=np.int32),
        threshold=np.full(trees, np.nan),
        left=np.full(trees, -1, dtype=np.int32),
        right=np.full(trees, -1, dtype=np.int32),
        missing_left=np.zeros(trees, dtype=bool),
        value=np.zeros((trees, ensemble.n_values)),
        samples=np.full(trees, np.nan),
        category_start=None,
        category_words=None,
        category_values=None,
    )
