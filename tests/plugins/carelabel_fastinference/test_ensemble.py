"""The form: what it takes, what it refuses, what it derives."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from carelabel_fastinference.ensemble import TreeEnsemble


def fields(**changes: Any) -> dict[str, Any]:
    """A tree of three leaves: feature 0, then feature 1 on the right; and a one-node tree."""
    nan = np.nan
    return {
        "tree_start": np.array([0, 5, 6]),
        "feature": np.array([0, -1, 1, -1, -1, -1], dtype=np.int32),
        "threshold": np.array([0.5, nan, -1.0, nan, nan, nan]),
        "left": np.array([1, -1, 3, -1, -1, -1], dtype=np.int32),
        "right": np.array([2, -1, 4, -1, -1, -1], dtype=np.int32),
        "missing_left": np.array([True, False, False, False, False, False]),
        "value": np.array([[0.0], [1.0], [0.0], [2.0], [3.0], [4.0]]),
        "samples": np.array([8.0, 2.0, 6.0, 0.0, 0.0, np.nan]),
        "tree_output": np.array([0, 0], dtype=np.int32),
        "base": np.array([0.5]),
        "n_features": 2,
    } | changes


def at(name: str, index: int, value: float) -> dict[str, Any]:
    """Fields with one entry of one array changed."""
    array = fields()[name].copy()
    array[index] = value
    return {name: array}


def test_derived_properties() -> None:
    e = TreeEnsemble(**fields())
    assert (e.n_trees, e.n_nodes, e.n_leaves, e.n_values, e.n_columns, e.n_outputs) == (2, 6, 4, 1, 1, 1)
    assert e.depth() == 2
    assert e.node_depth().tolist() == [0, 1, 1, 2, 2, 0]
    assert e.tree_of_node.tolist() == [0, 0, 0, 0, 0, 1]
    assert e.trees_per_column.tolist() == [2]
    assert not e.is_categorical.any()


def test_path_probability_halves_where_samples_are_unknown() -> None:
    e = TreeEnsemble(**fields())
    assert e.path_probability().tolist() == [1.0, 0.25, 0.75, 0.375, 0.375, 1.0]


def test_several_outputs() -> None:
    classes = (np.array(["a", "b"]), np.array([1, 2, 3]))
    change = {"value": np.zeros((6, 5)), "tree_output": np.array([-1, -1], dtype=np.int32), "base": np.zeros(5)}
    e = TreeEnsemble(**fields(task="classification", outputs=classes, aggregation="mean", **change))
    assert (e.n_outputs, e.n_columns) == (2, 5)
    assert e.trees_per_column.tolist() == [2] * 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"comparison": ">"}, "comparison must be one of ('<=', '<'), got '>'"),
        ({"link": "probit"}, "link must be one of"),
        ({"n_features": 0}, "n_features must be positive, got 0"),
        ({"feature": np.zeros(6)}, "feature must be int32 (6,), got float64 (6,)"),
        ({"threshold": np.zeros(5)}, "threshold must be float64 (6,), got float64 (5,)"),
        ({"value": np.zeros((6, 4))[:, ::2]}, "value must be C-contiguous"),
        ({"value": np.zeros(6)}, "value must be float64"),
        ({"value": np.zeros((6, 2))}, "value must have 1 column"),
        ({"tree_output": np.array([0, -1], dtype=np.int32), "base": np.zeros(2)}, "value must have 2 columns"),
        ({"base": np.zeros(0)}, "base must hold one score column or more"),
        ({"base": np.array([np.inf])}, "base must be finite"),
        (at("value", 3, np.nan), "value must be finite at every leaf"),
        (at("tree_output", 1, 3), "tree_output must lie in -1..0, got 0..3"),
        (at("feature", 0, 2), "feature must lie in -1..1"),
        (at("threshold", 2, np.nan), "threshold must not be NaN"),
        (at("left", 0, -1), "left and right must be -1 exactly where feature is -1"),
        (at("left", 0, 5), "left[0] must be a node of its own tree other than the root, got 5"),
        (at("left", 2, 0), "left[2] must be a node of its own tree other than the root, got 0"),
        (at("right", 2, 3), "node 3 must have one parent, got 2"),
        ({"tree_start": np.array([0, 6, 6])}, "tree_start must rise from 0 to 6"),
        ({"tree_start": np.array([0, 2, 6])}, "must be a node of its own tree"),
        ({"task": "classification"}, "outputs must fit the task 'classification'"),
        ({"task": "classification", "outputs": (np.arange(3),)}, "outputs must fit the 1 score columns, got [3]"),
        ({"task": "classification", "outputs": (np.arange(2),)}, "label_rule 'largest-score' needs one score column"),
        ({"base": np.zeros(2), "aggregation": "mean"}, "every score column needs a tree"),
        ({"category_words": np.zeros(1, dtype=np.uint32)}, "category_start and category_words go together"),
        ({"category_values": (None,)}, "category_values must have 2 entries, got 1"),
        ({"category_values": (None, np.array([2.0, 1.0]))}, "category_values[1] must be None or strictly increasing"),
        ({"category_values": (np.array([np.nan]), None)}, "category_values[0] must be None or strictly increasing"),
        ({"zero_as_missing": np.array([True])}, "zero_as_missing must be bool (2,), got bool (1,)"),
    ],
)
def test_contradictions_are_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        TreeEnsemble(**fields(**change))
    assert "\n" not in str(caught.value)


def test_unreachable_cycle_is_refused() -> None:
    """Nodes 3 and 4 of the first tree are each other's children."""
    feature = np.array([-1, -1, 0, 0, -1, -1], dtype=np.int32)
    left = np.array([-1, -1, 3, 2, -1, -1], dtype=np.int32)
    right = np.array([-1, -1, 1, 4, -1, -1], dtype=np.int32)
    change = {"feature": feature, "left": left, "right": right, "threshold": np.zeros(6)}
    with pytest.raises(ValueError, match="every node must be reached from the root of its tree, got 4"):
        TreeEnsemble(**fields(**change))


def test_categorical_words_must_belong_to_inner_nodes() -> None:
    words = np.zeros(1, dtype=np.uint32)
    good = TreeEnsemble(**fields(category_start=np.array([0, 1, 1, 1, 1, 1, 1]), category_words=words))
    assert good.is_categorical.tolist() == [True] + [False] * 5
    with pytest.raises(ValueError, match="category_words must belong to inner nodes"):
        TreeEnsemble(**fields(category_start=np.array([0, 0, 1, 1, 1, 1, 1]), category_words=words))
    with pytest.raises(ValueError, match="category_start must run from 0 to 1, got"):
        TreeEnsemble(**fields(category_start=np.zeros(7, dtype=np.int64), category_words=words))


def chain(depth: int) -> dict[str, Any]:
    """A degenerate tree: every left child is a leaf."""
    nodes = 2 * depth + 1
    inner = np.arange(nodes) % 2 == 0
    inner[-1] = False
    index = np.arange(nodes)
    return fields(
        tree_start=np.array([0, nodes]),
        feature=np.where(inner, 0, -1).astype(np.int32),
        threshold=np.where(inner, 0.0, np.nan),
        left=np.where(inner, index + 1, -1).astype(np.int32),
        right=np.where(inner, index + 2, -1).astype(np.int32),
        missing_left=np.zeros(nodes, dtype=bool),
        value=np.zeros((nodes, 1)),
        samples=np.full(nodes, np.nan),
        tree_output=np.zeros(1, dtype=np.int32),
    )


def test_deep_chain() -> None:
    e = TreeEnsemble(**chain(2000))
    assert e.depth() == 2000
    assert e.path_probability()[-1] == 0.5**2000


@pytest.mark.slow
def test_three_million_nodes() -> None:
    trees = 3000
    one = chain(500)
    size = len(one["feature"])
    offset = np.repeat(np.arange(trees) * size, size)
    many = {name: np.tile(one[name], trees) for name in ("feature", "threshold", "missing_left", "samples")}
    for name in ("left", "right"):
        tiled = np.tile(one[name], trees)
        many[name] = np.where(tiled < 0, -1, tiled + offset).astype(np.int32)
    many["value"] = np.zeros((trees * size, 1))
    e = TreeEnsemble(
        **fields(tree_start=np.arange(trees + 1) * size, tree_output=np.zeros(trees, dtype=np.int32), **many)
    )
    assert e.n_nodes > 3_000_000
    assert e.depth() == 500
