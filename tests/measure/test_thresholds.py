"""Rows are placed on thresholds that they come to, and on the float32 numbers on both sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from carelabel.measure.thresholds import SplitTree, path_of, place_rows, stump

# x0 <= 1.5 ? leaf : (x1 <= 0.1 ? leaf : leaf)
TREE = SplitTree(
    feature=np.array([0, -1, 1, -1, -1]),
    threshold=np.array([1.5, 0.0, 0.1, 0.0, 0.0]),
    left=np.array([1, -1, 3, -1, -1]),
    right=np.array([2, -1, 4, -1, -1]),
    numeric=np.array([True, False, True, False, False]),
    missing_left=np.array([False] * 5),
)


def test_the_way_down_a_tree() -> None:
    assert path_of(TREE, np.array([1.5, 0.0])) == [0]
    assert path_of(replace(TREE, strict=True), np.array([1.5, 0.0])) == [0, 2]
    assert path_of(TREE, np.array([np.nan, 0.0])) == [0, 2]
    assert path_of(replace(TREE, missing_left=np.array([True] * 5)), np.array([np.nan, 0.0])) == [0]


def test_a_split_by_category_ends_the_way() -> None:
    tree = replace(TREE, numeric=np.array([True, False, False, False, False]))
    assert path_of(tree, np.array([9.0, 0.0])) == [0]
    nothing = replace(TREE, numeric=np.zeros(5, dtype=bool))
    assert place_rows([nothing], np.zeros((2, 2)), np.random.default_rng(0)) is None


def test_each_row_comes_on_the_threshold_and_beside_it() -> None:
    placed = place_rows([stump(1, 0.1)], np.zeros((2, 3), dtype=np.float32), np.random.default_rng(0))
    assert placed is not None
    nearest = np.float32(0.1)
    sides = [nearest, np.nextafter(nearest, np.float32(-1)), np.nextafter(nearest, np.float32(1))]
    np.testing.assert_array_equal(placed.rows[:, 1], np.array(sides * 2, dtype=np.float32))
    assert (placed.rows[:, [0, 2]] == 0).all()
    assert not placed.on_threshold.any()  # float32 does not hold 0.1


def test_float64_rows_lie_on_the_threshold_itself() -> None:
    placed = place_rows([stump(0, 0.1)], np.zeros((1, 1)), np.random.default_rng(0))
    assert placed is not None
    assert placed.on_threshold.tolist() == [True, False, False]


def test_nothing_is_placed_at_infinity() -> None:
    """Splits between values and missing ones have infinite thresholds, which many models refuse as inputs."""
    trees = [stump(0, np.inf), stump(0, -np.finfo(np.float32).max)]
    placed = place_rows(trees, np.ones((8, 1), dtype=np.float32), np.random.default_rng(0))
    assert placed is not None
    assert (placed.rows == 1).all()
    assert not placed.on_threshold.any()
