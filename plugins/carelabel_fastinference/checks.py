"""What must hold between the fields of a TreeEnsemble; one clear ValueError each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference.structure import check_structure

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_CHOICES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("comparison", ("<=", "<")),
    ("input_rounding", ("float32", "float64")),
    ("accumulate", ("float32", "float64")),
    ("aggregation", ("mean", "sum")),
    ("link", ("identity", "logistic", "softmax", "exp")),
    ("task", ("classification", "regression")),
    ("label_rule", ("largest-score", "positive-score", "non-negative-score", "largest-probability")),
)


def check_ensemble(e: TreeEnsemble) -> None:
    """Check every field of an ensemble against the others.

    Raises:
        ValueError: if a field contradicts another; one line names it, what must hold and what was found.
    """
    for name, choices in _CHOICES:
        _require(getattr(e, name) in choices, f"{name} must be one of {choices}, got {getattr(e, name)!r}")
    _check_arrays(e)
    _check_columns(e)
    _check_categories(e)
    _check_nodes(e)
    check_structure(e.tree_start, e.left, e.right)


def _require(condition: bool, message: str) -> None:  # noqa: FBT001
    """Raise ValueError with the message unless the condition holds."""
    if not condition:
        raise ValueError(message)


def _check_arrays(e: TreeEnsemble) -> None:
    """Dtypes and shapes."""
    _require(
        isinstance(e.n_features, int) and e.n_features >= 1,
        f"n_features must be positive, got {e.n_features!r}",
    )
    nodes, trees = len(e.feature), len(e.tree_output)
    words = None if e.category_words is None else (len(e.category_words),)
    values = int(np.prod(e.value.shape[1:]))
    for name, dtype, shape in (
        ("tree_start", "int64", (trees + 1,)),
        ("feature", "int32", (nodes,)),
        ("threshold", "float64", (nodes,)),
        ("left", "int32", (nodes,)),
        ("right", "int32", (nodes,)),
        ("missing_left", "bool", (nodes,)),
        ("value", "float64", (nodes, values)),
        ("samples", "float64", (nodes,)),
        ("tree_output", "int32", (trees,)),
        ("base", "float64", (len(e.base),)),
        ("category_start", "int64", (nodes + 1,)),
        ("category_words", "uint32", words),
        ("zero_as_missing", "bool", (e.n_features,)),
    ):
        array = getattr(e, name)
        if array is None and name in {"category_start", "category_words", "zero_as_missing"}:
            continue
        found = f"{array.dtype} {array.shape}"
        _require(array.dtype == dtype and array.shape == shape, f"{name} must be {dtype} {shape}, got {found}")
        _require(array.flags.c_contiguous, f"{name} must be C-contiguous; pass np.ascontiguousarray({name})")
    _require(trees >= 1, "tree_start must hold at least one tree, got none")


def _check_columns(e: TreeEnsemble) -> None:
    """Score columns, values and classes fit together."""
    columns = len(e.base)
    _require(columns >= 1, "base must hold one score column or more, got none")
    low, high = int(e.tree_output.min()), int(e.tree_output.max())
    _require(low >= -1 and high < columns, f"tree_output must lie in -1..{columns - 1}, got {low}..{high}")
    if low < 0:
        _require(e.n_values == columns, f"value must have {columns} columns, one a score, got {e.n_values}")
    else:
        _require(e.n_values == 1, f"value must have 1 column where each tree adds to one score, got {e.n_values}")
    if e.aggregation == "mean":
        _require(bool((e.trees_per_column > 0).all()), "every score column needs a tree for aggregation 'mean'")
    _require((e.outputs is not None) == (e.task == "classification"), f"outputs must fit the task {e.task!r}")
    if e.outputs is None:
        return
    _require(len(e.outputs) >= 1, "outputs must hold the classes of one output or more, got none")
    classes = [len(c) for c in e.outputs]
    binary = columns == 1 and classes == [2]
    fits = binary or sum(classes) == columns
    _require(fits, f"outputs must fit the {columns} score columns, got {classes} classes")
    needs_one = e.label_rule in {"positive-score", "non-negative-score"}
    _require(not needs_one or binary, f"label_rule {e.label_rule!r} needs one score column and two classes")
    confused = binary and e.label_rule == "largest-score"
    _require(
        not confused,
        "label_rule 'largest-score' needs one score column a class, got one column for two classes",
    )


def _check_nodes(e: TreeEnsemble) -> None:
    """Features, thresholds and leaf values lie in their ranges."""
    leaf = e.feature < 0
    inside = bool((e.feature >= -1).all()) and bool((e.feature < e.n_features).all())
    _require(inside, f"feature must lie in -1..{e.n_features - 1}, as n_features is {e.n_features}")
    same = bool(((e.left < 0) == leaf).all()) and bool(((e.right < 0) == leaf).all())
    _require(same, "left and right must be -1 exactly where feature is -1")
    numeric = ~leaf & ~e.is_categorical
    _require(not bool(np.isnan(e.threshold[numeric]).any()), "threshold must not be NaN at a numerical inner node")
    _require(bool(np.isfinite(e.value[leaf]).all()), "value must be finite at every leaf")
    _require(bool(np.isfinite(e.base).all()), "base must be finite")


def _check_categories(e: TreeEnsemble) -> None:
    """Bit sets and raw values of categories."""
    _require(
        (e.category_start is None) == (e.category_words is None),
        "category_start and category_words go together",
    )
    if e.category_start is not None and e.category_words is not None:
        steps = np.diff(e.category_start)
        ends, words = (int(e.category_start[0]), int(e.category_start[-1])), len(e.category_words)
        _require(bool((steps >= 0).all()), "category_start must not decrease")
        _require(ends == (0, words), f"category_start must run from 0 to {words}, got {ends}")
        _require(
            not bool(steps[e.feature < 0].any()),
            "category_words must belong to inner nodes, got some at a leaf",
        )
    if e.category_values is not None:
        found = len(e.category_values)
        _require(found == e.n_features, f"category_values must have {e.n_features} entries, got {found}")
        for index, raw in enumerate(e.category_values):
            ok = raw is None or (raw.ndim == 1 and raw.dtype == np.float64 and _increases(raw))
            _require(ok, f"category_values[{index}] must be None or strictly increasing float64 without NaN")


def _increases(values: Array) -> bool:
    """Whether values are strictly increasing numbers."""
    return bool((np.diff(values) > 0).all()) and not bool(np.isnan(values).any())
