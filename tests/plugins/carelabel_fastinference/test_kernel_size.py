"""Large models: packed in seconds, in little memory, with the same bits."""

from __future__ import annotations

import time

import numpy as np
import pytest

from carelabel_fastinference import TreeEnsemble, compile_model

RNG = np.random.default_rng(0)
PACKING_S = 2.0


def heap_trees(n_trees: int, n_nodes: int, n_features: int, n_values: int) -> TreeEnsemble:
    """Trees filled level by level, like a heap; n_nodes is odd."""
    node = np.arange(n_nodes)
    inner = node < n_nodes // 2
    left = np.where(inner, 2 * node + 1, -1)
    start = np.arange(n_trees + 1) * n_nodes
    shift = np.repeat(start[:-1], n_nodes)
    tiled = np.tile(left, n_trees)
    everywhere = np.tile(inner, n_trees)
    total = n_trees * n_nodes
    value = np.eye(n_values)[RNG.integers(n_values, size=total)] if n_values > 1 else RNG.random((total, 1))
    depth = np.floor(np.log2(node + 1))
    return TreeEnsemble(
        tree_start=start.astype(np.int64),
        feature=np.where(everywhere, RNG.integers(n_features, size=total), -1).astype(np.int32),
        threshold=np.where(everywhere, RNG.normal(size=total), np.nan),
        left=np.where(everywhere, tiled + shift, -1).astype(np.int32),
        right=np.where(everywhere, tiled + 1 + shift, -1).astype(np.int32),
        missing_left=np.zeros(total, dtype=bool),
        value=value,
        samples=np.tile(2.0**-depth, n_trees),
        tree_output=np.full(n_trees, -1, dtype=np.int32),
        base=np.zeros(n_values),
        n_features=n_features,
        input_rounding="float32",
        aggregation="mean",
    )


def descend(ensemble: TreeEnsemble, x: np.ndarray) -> np.ndarray:
    """Mean of the leaves, tree by tree."""
    total = np.zeros((len(x), ensemble.n_values))
    for root in ensemble.tree_start[:-1]:
        at = np.full(len(x), root)
        while (inner := ensemble.feature[at] >= 0).any():
            go_left = x[np.arange(len(x)), ensemble.feature[at]].astype(np.float64) <= ensemble.threshold[at]
            at = np.where(inner, np.where(go_left, ensemble.left[at], ensemble.right[at]), at)
        total += ensemble.value[at]
    return total / ensemble.n_trees


@pytest.mark.parametrize(
    ("n_trees", "n_nodes", "n_features", "n_values"),
    [(1, 70_001, 3, 1), (2, 3001, 3000, 3), (3, 1001, 40, 200), (1, 20_001, 5000, 2)],
)
def test_what_does_not_fit_narrow_nodes_is_packed_wide(
    n_trees: int, n_nodes: int, n_features: int, n_values: int
) -> None:
    ensemble = heap_trees(n_trees, n_nodes, n_features, n_values)
    x = RNG.normal(size=(100, n_features)).astype(np.float32)
    wanted = descend(ensemble, x)
    for n in (1, 100):
        np.testing.assert_array_equal(compile_model(ensemble).raw_scores(x[:n]), wanted[:n])


@pytest.mark.slow
def test_three_million_nodes_in_one_tree() -> None:
    ensemble = heap_trees(1, 3_000_001, 50, 1)
    x = RNG.normal(size=(300, 50)).astype(np.float32)
    fast = compile_model(ensemble)
    for n in (1, 300):
        np.testing.assert_array_equal(fast.raw_scores(x[:n]), descend(ensemble, x[:n]))


@pytest.mark.slow
def test_more_than_a_million_nodes_are_packed_in_two_seconds() -> None:
    ensemble = heap_trees(100, 12_001, 50, 3)
    compile_model(heap_trees(1, 3, 50, 3))  # the kernel is compiled now
    start = time.process_time()
    fast = compile_model(ensemble)
    assert time.process_time() - start < PACKING_S
    assert fast.nbytes <= 2 * 8 * ensemble.n_nodes
    x = RNG.normal(size=(200, 50)).astype(np.float32)
    np.testing.assert_array_equal(fast.raw_scores(x), descend(ensemble, x))
