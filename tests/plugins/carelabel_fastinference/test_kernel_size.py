"""Large models: packed in seconds, in little memory, with the same bits."""

from __future__ import annotations

import ctypes
import sys
import time
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)

from carelabel_fastinference import TreeEnsemble, compile_model, read_ensemble
from carelabel_fastinference.build import kernel

RNG = np.random.default_rng(0)
PACKING_S = 2.0
LIMIT = 2.0
"""Times the node table that all tables of a model may take."""
SMALL_TREE = 256
"""Bytes of a tree of a few nodes, whose own node table is smaller than what comes with every tree."""


def node_table(ensemble: TreeEnsemble, node_bytes: int = 8) -> int:
    """What any exact form holds: a packed node for each node, a float64 for each value of a leaf (kernel/pack.h)."""
    return node_bytes * ensemble.n_nodes + 8 * ensemble.n_leaves * ensemble.n_values


def supported() -> list[str]:
    return str(kernel().supported()).split(",")


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
@pytest.mark.parametrize(("n_trees", "n_nodes"), [(1, 3_000_001), (300, 10_001)])
def test_three_million_nodes(n_trees: int, n_nodes: int) -> None:
    ensemble = heap_trees(n_trees, n_nodes, 50, 1)
    x = RNG.normal(size=(300, 50)).astype(np.float32)
    fast = compile_model(ensemble)
    assert fast.nbytes <= LIMIT * node_table(ensemble)
    for n in (1, 300):
        np.testing.assert_array_equal(fast.raw_scores(x[:n]), descend(ensemble, x[:n]))


@pytest.mark.slow
def test_more_than_a_million_nodes_are_packed_in_two_seconds() -> None:
    ensemble = heap_trees(100, 12_001, 50, 3)
    compile_model(heap_trees(1, 3, 50, 3))  # the kernel is compiled now
    start = time.process_time()
    fast = compile_model(ensemble)
    assert time.process_time() - start < PACKING_S
    assert fast.nbytes <= LIMIT * node_table(ensemble)
    x = RNG.normal(size=(200, 50)).astype(np.float32)
    np.testing.assert_array_equal(fast.raw_scores(x), descend(ensemble, x))


DATA, CLASSES = make_classification(2000, 20, n_informative=10, n_classes=3, random_state=0)
DATA = DATA.astype(np.float32)
SIZED: dict[str, Any] = {
    "boosting of depth 3": GradientBoostingClassifier(n_estimators=40, subsample=0.3, random_state=0),
    "boosting of depth 4": GradientBoostingClassifier(n_estimators=20, max_depth=4, subsample=0.3, random_state=0),
    "boosting of depth 5": GradientBoostingClassifier(n_estimators=20, max_depth=5, subsample=0.3, random_state=0),
    "boosting of 12 leaves": GradientBoostingClassifier(n_estimators=20, max_depth=None, max_leaf_nodes=12),
    "forest of depth 4": RandomForestClassifier(20, max_depth=4, random_state=0),
    "forest of depth 10": RandomForestClassifier(20, max_depth=10, random_state=0),
    "forest of pure leaves": RandomForestClassifier(20, random_state=0),
    "regression": RandomForestRegressor(10, max_depth=10, random_state=0),
    "deep regression": ExtraTreesRegressor(5, random_state=0),
    "hist": HistGradientBoostingClassifier(max_iter=20, random_state=0),
}


@pytest.fixture(scope="module")
def ensembles() -> dict[str, TreeEnsemble]:
    return {name: read_ensemble(model.fit(DATA, CLASSES)) for name, model in SIZED.items()}


@pytest.mark.parametrize("path", ["avx512", "avx2", "portable"])
@pytest.mark.parametrize("layout", ["native", "native-unshared", "native-ranks"])
@pytest.mark.parametrize("name", SIZED)
def test_tables_are_at_most_twice_the_node_table(
    ensembles: dict[str, TreeEnsemble], name: str, layout: Any, path: Any
) -> None:
    if path not in supported():
        pytest.skip(f"this processor has no {path}")
    ensemble = ensembles[name]
    fast = compile_model(ensemble, layout=layout, path=path)
    assert fast.nbytes <= LIMIT * node_table(ensemble)


@pytest.mark.parametrize("path", ["avx512", "avx2", "portable"])
@pytest.mark.parametrize("leaves", [1, 2, 3, 4, 5])
def test_trees_of_a_few_nodes_take_a_few_lines(leaves: int, path: Any) -> None:
    if path not in supported():
        pytest.skip(f"this processor has no {path}")
    ensemble = heap_trees(1000, 2 * leaves - 1, 20, 1)
    x = RNG.normal(size=(50, 20)).astype(np.float32)
    fast = compile_model(ensemble, path=path)
    assert fast.nbytes <= SMALL_TREE * ensemble.n_trees + 4096
    for n in (1, 50):
        np.testing.assert_array_equal(fast.raw_scores(x[:n]), descend(ensemble, x[:n]))


@pytest.mark.parametrize("path", ["avx512", "avx2", "portable"])
@pytest.mark.parametrize("name", ["boosting of depth 3", "forest of depth 10", "deep regression"])
def test_what_is_allocated_is_what_is_said(ensembles: dict[str, TreeEnsemble], name: str, path: Any) -> None:
    library = ctypes.CDLL(None)
    if sys.platform != "linux" or not hasattr(library, "mallinfo2"):
        pytest.skip("the C library does not tell how much is allocated")
    if path not in supported():
        pytest.skip(f"this processor has no {path}")
    fields = ["arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"]

    class Allocated(ctypes.Structure):
        _fields_ = [(field, ctypes.c_size_t) for field in fields]

    library.mallinfo2.restype = Allocated

    def held() -> int:
        found = library.mallinfo2()
        return int(found.uordblks + found.hblkhd)

    ensemble = ensembles[name]
    compile_model(ensemble, path=path)  # what is made once is made now
    before = held()
    models = [compile_model(ensemble, path=path) for _ in range(20)]
    each = (held() - before) / len(models)
    beside = 6000  # Python's objects, and what malloc adds to each of about 20 tables
    assert models[0].nbytes <= each + beside
    assert each <= models[0].nbytes + beside
