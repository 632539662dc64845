"""From a TreeEnsemble to the tables of the kernel: columns of keys, thresholds as keys, links and labels.

kernel/model.h says what a key is. Two packings exist of one ensemble: float32 keys for rows whose values are
float32 (or rounded to it), and ranks for rows of float64 that are compared as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

LINKS: Final = {"identity": 0, "logistic": 1, "softmax": 2, "exp": 3}
RULES: Final = {"largest-score": 0, "positive-score": 1, "non-negative-score": 2, "largest-probability": 3}
MISSING_LEFT: Final = 1
ZERO_AS_MISSING: Final = 2
CATEGORICAL: Final = 4
ENCODED: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Columns:
    """The keys a row is turned into; column 0 is constant and not listed in `feature` order otherwise.

    Attributes:
        of_node: uint32 (n_nodes,), column compared at a node, 0 at a leaf.
        feature: uint32 (n_columns,), feature a column is made from.
        flags: uint8 (n_columns,), sum of MISSING_LEFT, ZERO_AS_MISSING, CATEGORICAL and ENCODED.
        word_first: uint64 (n_columns + 1,), range of `words`; empty unless categorical.
        words: uint32, bit sets of categories that go left.
    """

    of_node: Array
    feature: Array
    flags: Array
    word_first: Array
    words: Array


def kernel_tables(ensemble: TreeEnsemble, *, ranks: bool, missing: bool) -> dict[str, Any]:
    """Everything the kernel needs of an ensemble but how it is called: arrays, numbers, flags.

    ranks: whether rows are compared as float64; otherwise rows hold float32 values.
    missing: whether NaN goes where the model sends it; otherwise rows with NaN are refused by these tables,
        and features that are sent both ways need no second column.

    Raises:
        ValueError: if a tree that adds to one column has more than one value a leaf.
    """
    if ensemble.n_values > 1 and (ensemble.tree_output >= 0).any():
        msg = f"a tree that adds to one column must have one value a leaf, got {ensemble.n_values}"
        raise ValueError(msg)
    columns = find_columns(ensemble, missing=missing)
    threshold, sorted_thresholds, first = _thresholds(ensemble, columns, ranks=ranks)
    code_range, codes = _codes(ensemble, columns.feature)
    return {
        "n_features": ensemble.n_features,
        "column_feature": columns.feature,
        "column_flags": columns.flags,
        "column_first": np.where(_is_categorical(columns), columns.word_first[:-1], first[:-1]),
        "column_count": np.where(_is_categorical(columns), np.diff(columns.word_first), np.diff(first)),
        "column_code": code_range,
        "rank_thresholds": sorted_thresholds,
        "words": columns.words,
        "codes": codes,
        "tree_start": np.ascontiguousarray(ensemble.tree_start, dtype=np.int64),
        "tree_output": np.ascontiguousarray(ensemble.tree_output, dtype=np.int32),
        "column": columns.of_node,
        "threshold": threshold,
        "left": np.ascontiguousarray(ensemble.left, dtype=np.int32),
        "right": np.ascontiguousarray(ensemble.right, dtype=np.int32),
        "weight": ensemble.path_probability(),
        "n_values": ensemble.n_values,
        "value": np.ascontiguousarray(ensemble.value, dtype=np.float64).reshape(-1),
        "base": np.ascontiguousarray(ensemble.base, dtype=np.float64),
        "divisors": _divisors(ensemble),
        "ranks": int(ranks),
        "rounds": int(ensemble.input_rounding == "float32"),
        "strict": int(ensemble.comparison == "<"),
        "accepts_nan": int(ensemble.accepts_nan and missing),
        "float32_sums": int(ensemble.accumulate == "float32"),
        **_finish(ensemble),
    }


def find_columns(ensemble: TreeEnsemble, *, missing: bool) -> Columns:
    """One column for every feature in use and way of treating NaN, and for every set of categories."""
    inner = ~ensemble.is_leaf
    categorical = ensemble.is_categorical & inner
    numeric = inner & ~categorical
    missing_left = ensemble.missing_left & missing
    of_node = np.zeros(ensemble.n_nodes, dtype=np.uint32)
    code = ensemble.feature[numeric].astype(np.int64) * 2 + missing_left[numeric]
    found, index = np.unique(code, return_inverse=True)
    of_node[numeric] = index.reshape(-1) + 1
    features = [0, *(found // 2).tolist()]
    flags = [0, *(found % 2).tolist()]
    word_lists: list[Array] = [np.zeros(0, dtype=np.uint32)] * len(features)
    known: dict[tuple[int, bool, bytes], int] = {}
    for node in np.flatnonzero(categorical).tolist():
        words = _node_words(ensemble, node)
        key = (int(ensemble.feature[node]), bool(missing_left[node]), words.tobytes())
        if key not in known:
            known[key] = len(features)
            features.append(key[0])
            flags.append(int(key[1]) | CATEGORICAL)
            word_lists.append(words)
        of_node[node] = known[key]
    feature = np.array(features, dtype=np.uint32)
    return Columns(
        of_node=of_node,
        feature=feature,
        flags=(np.array(flags, dtype=np.uint8) | _treatment(ensemble, feature)).astype(np.uint8),
        word_first=np.concatenate(([0], np.cumsum([len(words) for words in word_lists]))).astype(np.uint64),
        words=np.concatenate(word_lists).astype(np.uint32),
    )


def float32_keys(threshold: Array, *, strict: bool) -> Array:
    """Order-preserving uint32 image of the largest float32 that goes left at each threshold.

    For float32 values x, x <= threshold (or <, if strict) is the same as key(x) <= key, both zeros included.
    """
    with np.errstate(over="ignore", under="ignore"):
        rounded = threshold.astype(np.float32)
        too_large = rounded >= threshold if strict else rounded > threshold
        below = np.where(too_large, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    # Nothing lies below minus infinity: a key smaller than its own sends every number to the right.
    nothing = too_large & np.isneginf(rounded)
    bits = (below + np.float32(0.0)).view(np.uint32)
    keys = np.where(bits >> 31, ~bits, bits | np.uint32(0x80000000))
    return np.where(nothing, np.uint32(1), keys).astype(np.uint32)


def makes_missing(ensemble: TreeEnsemble) -> bool:
    """Whether rows without NaN can come to hold some: zeros or unknown categories taken for missing."""
    return ensemble.category_values is not None or ensemble.zero_as_missing is not None


def _node_words(ensemble: TreeEnsemble, node: int) -> Array:
    if ensemble.category_start is None or ensemble.category_words is None:
        return np.zeros(0, dtype=np.uint32)
    first, last = ensemble.category_start[node], ensemble.category_start[node + 1]
    words: Array = ensemble.category_words[first:last]
    return words


def _treatment(ensemble: TreeEnsemble, feature: Array) -> Array:
    flags = np.zeros(len(feature), dtype=np.uint8)
    if ensemble.zero_as_missing is not None:
        flags |= np.where(ensemble.zero_as_missing[feature], ZERO_AS_MISSING, 0).astype(np.uint8)
    if ensemble.category_values is not None:
        encoded = np.array([raw is not None for raw in ensemble.category_values])
        flags |= np.where(encoded[feature], ENCODED, 0).astype(np.uint8)
    return flags


def _is_categorical(columns: Columns) -> Array:
    return (columns.flags & CATEGORICAL) > 0


def _thresholds(ensemble: TreeEnsemble, columns: Columns, *, ranks: bool) -> tuple[Array, Array, Array]:
    """Keys of all thresholds, the sorted thresholds behind ranks, and their ranges by column."""
    n_columns = len(columns.feature)
    keys = np.zeros(ensemble.n_nodes, dtype=np.uint32)
    numeric = (columns.of_node > 0) & ~ensemble.is_categorical
    threshold = ensemble.threshold[numeric].astype(np.float64)
    if not ranks:
        keys[numeric] = float32_keys(threshold, strict=ensemble.comparison == "<")
        return keys, np.zeros(0), np.zeros(n_columns + 1, dtype=np.uint64)
    column = columns.of_node[numeric]
    order = np.lexsort((threshold, column))
    by_column, by_value = column[order], threshold[order]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (by_column[1:] != by_column[:-1]) | (by_value[1:] != by_value[:-1])
    first = np.concatenate(([0], np.cumsum(np.bincount(by_column[fresh], minlength=n_columns))))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.cumsum(fresh) - 1
    keys[numeric] = rank - first[column]
    return keys, by_value[fresh], first.astype(np.uint64)


def _codes(ensemble: TreeEnsemble, feature: Array) -> tuple[Array, Array]:
    """Range of raw category values, as (first, count), of every column, and the values."""
    ranges = np.zeros((len(feature), 2), dtype=np.uint64)
    if ensemble.category_values is None:
        return ranges, np.zeros(0)
    lengths = [0 if raw is None else len(raw) for raw in ensemble.category_values]
    first = np.concatenate(([0], np.cumsum(lengths)))
    ranges[:, 0] = first[feature]
    ranges[:, 1] = np.array(lengths)[feature]
    values = [np.zeros(0), *(raw for raw in ensemble.category_values if raw is not None)]
    return ranges, np.concatenate(values).astype(np.float64)


def _divisors(ensemble: TreeEnsemble) -> Array:
    if ensemble.aggregation == "sum":
        return np.zeros(0)
    return np.ascontiguousarray(ensemble.trees_per_column, dtype=np.float64)


def _finish(ensemble: TreeEnsemble) -> dict[str, Any]:
    """Links and labels."""
    if ensemble.outputs is None:
        starts = np.arange(2, dtype=np.int64)
    else:
        sizes = [len(classes) for classes in ensemble.outputs]
        starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    doubled = ensemble.outputs is not None and ensemble.n_columns == 1 and len(ensemble.outputs[0]) == 2  # noqa: PLR2004
    return {
        "link": LINKS[ensemble.link],
        "scale": float(ensemble.link_scale),
        "rule": RULES[ensemble.label_rule],
        "doubled": int(doubled),
        "output_start": starts,
    }
