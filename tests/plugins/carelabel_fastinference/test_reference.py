"""The reference follows the rules of the form: compared with an evaluator that walks one row at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelabel_fastinference import reference
from carelabel_fastinference.ensemble import ZERO_THRESHOLD, TreeEnsemble
from carelabel_fastinference.probing import probe_rows, same_bits
from carelabel_fastinference.sampling import random_ensemble


def walk(e: TreeEnsemble, tree: int, x: list[float]) -> int:
    """Leaf of a row, by the text of the form."""
    node = int(e.tree_start[tree])
    while e.feature[node] >= 0:
        v = x[e.feature[node]]
        words: Any = []
        if e.category_start is not None and e.category_words is not None:
            words = e.category_words[e.category_start[node] : e.category_start[node + 1]]
        if math.isnan(v):
            left = bool(e.missing_left[node])
        elif len(words):
            inside = -1 < v < len(words) * 32
            left = inside and bool(int(words[int(v) // 32]) >> (int(v) % 32) & 1)
        elif e.comparison == "<=":
            left = v <= e.threshold[node]
        else:
            left = v < e.threshold[node]
        node = int(e.left[node] if left else e.right[node])
    return node


def prepared(e: TreeEnsemble, row: np.ndarray) -> list[float]:
    """Values of a row as they are compared."""
    values = [float(v) for v in row.astype(e.input_rounding)]
    for i, v in enumerate(values):
        if e.zero_as_missing is not None and e.zero_as_missing[i] and abs(v) <= ZERO_THRESHOLD:
            values[i] = math.nan
        known = e.category_values[i] if e.category_values is not None else None
        if known is not None:
            equal = [index for index, category in enumerate(known.tolist()) if category == values[i]]
            values[i] = float(equal[0]) if equal else math.nan
    return values


def scores_of(e: TreeEnsemble, row: np.ndarray) -> list[Any]:
    """Raw scores of one row, added one by one."""
    kind = np.dtype(e.accumulate).type
    scores = [kind(b) for b in e.base]
    x = prepared(e, row)
    for tree in range(e.n_trees):
        value = e.value[walk(e, tree, x)]
        column = int(e.tree_output[tree])
        for k in range(len(scores)) if column < 0 else [column]:
            scores[k] = kind(scores[k] + kind(value[k if column < 0 else 0]))
    if e.aggregation == "mean":
        scores = [kind(s / kind(n)) for s, n in zip(scores, e.trees_per_column, strict=True)]
    return scores


@given(seed=st.integers(0, 2**31), trees=st.integers(4, 8), depth=st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_raw_scores_follow_the_rules(seed: int, trees: int, depth: int) -> None:
    e = random_ensemble(seed, n_trees=trees, max_depth=depth)
    rows = probe_rows(e, 40, seed=seed)
    expected = np.array([scores_of(e, row) for row in rows], dtype=e.accumulate)
    assert same_bits(reference.raw_scores(e, rows), expected)


def test_random_ensembles_cover_the_rules() -> None:
    many = [random_ensemble(seed) for seed in range(200)]
    for name in ("comparison", "input_rounding", "accumulate", "aggregation", "link", "task", "label_rule"):
        assert len({getattr(e, name) for e in many}) > 1, name
    assert any(e.is_categorical.any() and e.category_values is None for e in many)
    assert any(e.is_categorical.any() and e.category_values is not None for e in many)
    assert any(e.zero_as_missing is not None for e in many)
    assert any(e.n_outputs > 1 for e in many)
    assert any((np.diff(e.tree_start) == 1).any() for e in many)


def stump(**rules: Any) -> TreeEnsemble:
    """One split at 0.1 with leaves -1 and 1."""
    nan = np.nan
    defaults: dict[str, Any] = {
        "tree_start": np.array([0, 3]),
        "feature": np.array([0, -1, -1], dtype=np.int32),
        "threshold": np.array([0.1, nan, nan]),
        "left": np.array([1, -1, -1], dtype=np.int32),
        "right": np.array([2, -1, -1], dtype=np.int32),
        "missing_left": np.array([True, False, False]),
        "value": np.array([[0.0], [-1.0], [1.0]]),
        "samples": np.array([2.0, 1.0, 1.0]),
        "tree_output": np.zeros(1, dtype=np.int32),
        "base": np.zeros(1),
        "n_features": 1,
    }
    return TreeEnsemble(**defaults | rules)


def test_inputs_are_rounded_before_they_are_compared() -> None:
    just_above = np.array([[np.nextafter(0.1, 1)]])
    as_float32 = float(np.float32(0.1))  # larger than 0.1
    assert reference.predict(stump(), just_above)[0] == 1
    assert reference.predict(stump(input_rounding="float32", threshold=np.array([as_float32] * 3)), just_above)[0] == -1
    assert reference.predict(stump(input_rounding="float32"), np.array([[0.1]]))[0] == 1


def test_missing_infinite_and_signed_zero() -> None:
    rows = np.array([[np.nan], [np.inf], [-np.inf], [-0.0]])
    assert reference.predict(stump(threshold=np.zeros(3)), rows).tolist() == [-1, 1, -1, -1]
    assert reference.predict(stump(threshold=np.zeros(3), comparison="<"), rows).tolist() == [-1, 1, -1, 1]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("positive-score", ["no", "no", "yes"]), ("non-negative-score", ["no", "yes", "yes"])],
)
def test_ties_of_two_classes(rule: str, expected: list[str]) -> None:
    value = np.array([[0.0], [0.0], [1.0]])
    rules = {"task": "classification", "outputs": (np.array(["no", "yes"]),), "link": "logistic"}
    e = stump(label_rule=rule, value=value, **rules)
    below = stump(label_rule=rule, value=value - 1, **rules)
    assert [reference.predict(below, np.zeros((1, 1)))[0], *reference.predict(e, np.array([[0.0], [1.0]]))] == expected


def test_links() -> None:
    x = np.array([[0.0], [1.0]])
    assert reference.predict(stump(link="exp"), x) == pytest.approx([math.exp(-1), math.exp(1)])
    rules = {"task": "classification", "outputs": (np.array([0, 1]),), "label_rule": "positive-score"}
    proba = reference.predict_proba(stump(link="logistic", link_scale=2.0, **rules), x)
    assert proba[:, 1] == pytest.approx([1 / (1 + math.exp(2)), 1 / (1 + math.exp(-2))])
    assert proba.sum(axis=1) == pytest.approx([1, 1])


def test_bad_input_is_one_line() -> None:
    with pytest.raises(ValueError, match=r"rows must have shape \(n, 1\), got \(2, 3\)"):
        reference.predict(stump(), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="got one of regression: use predict"):
        reference.predict_proba(stump(), np.zeros((2, 1)))
    assert reference.predict(stump(), np.zeros((0, 1))).shape == (0,)
