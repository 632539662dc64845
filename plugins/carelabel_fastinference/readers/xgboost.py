"""XGBoost: float32 inputs, `<` comparisons, scores summed in float32 in tree order from the base score.

The model is read from the library's own JSON. Raw scores (margins) have the same bits as `predict(...,
output_margin=True)`; probabilities and the means of log-linked objectives go through exp in float32 and may
differ in the last bits. At a categorical split XGBoost sends the members of the set to the right and
everything else to the left, so children are exchanged here. One input means something else: in a categorical
column XGBoost takes values between -1 and 0 for invalid, the form truncates them to category 0.
Source: XGBoost 3.2, doc/model.schema, src/common/categorical.h, src/predictor/cpu_predictor.cc.
"""

from __future__ import annotations

import ctypes
import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference.errors import UnsupportedModelError
from carelabel_fastinference.readers.parts import TreePart, join_parts

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_IDENTITY: Final = (
    "reg:squarederror reg:absoluteerror reg:pseudohubererror reg:squaredlogerror reg:quantileerror "
    "rank:ndcg rank:map rank:pairwise"
)
_LINKS: Final = (
    dict.fromkeys(_IDENTITY.split(), "identity")
    | dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie"), "exp")
    | {"reg:logistic": "logistic", "binary:logistic": "logistic"}
    | dict.fromkeys(("multi:softprob", "multi:softmax"), "softmax")
)
_CLASSIFYING: Final = frozenset({"binary:logistic", "multi:softprob", "multi:softmax"})


def read_xgboost(model: Any) -> TreeEnsemble:  # noqa: ANN401 - a Booster or a wrapper
    """Read a Booster or a scikit-learn wrapper.

    A wrapper that stopped early is read up to its best iteration; a Booster is read with all its trees, as
    its own predict does, and with NaN as the missing value.

    Raises:
        UnsupportedModelError: if the model is not fitted, its booster is linear, its trees hold vectors, its
            objective is none of the known ones, its missing value is not NaN, or it re-codes categories.
    """
    booster, trees_to = _booster(model)
    learner = json.loads(bytes(booster.save_raw(raw_format="json")).decode())["learner"]
    trees, weights, info = _trees(learner, trees_to)
    objective = str(learner["objective"]["name"])
    if objective not in _LINKS:
        msg = f"objective must be one of {', '.join(_LINKS)}; got {objective!r}"
        raise UnsupportedModelError(msg)
    param = learner["learner_model_param"]
    columns = max(int(param["num_class"]), int(param.get("num_target", "1")), 1)
    base = _base(param["base_score"], _LINKS[objective], columns)
    return join_parts(
        [_part(t, w, float(base[column])) for t, w, column in zip(trees, weights, info, strict=True)],
        tree_output=np.asarray(info, dtype=np.int32),
        base=base,
        n_features=int(param["num_feature"]),
        comparison="<",
        input_rounding="float32",
        accumulate="float32",
        accepts_nan=True,
        link=_LINKS[objective],
        source=f"{type(model).__module__}.{type(model).__qualname__}",
        **_rules(model, objective, columns),
    )


def _booster(model: Any) -> tuple[Any, int | None]:  # noqa: ANN401
    """The Booster of a model, and up to which iteration it predicts; None: to the last."""
    if not hasattr(model, "get_booster"):
        return model, None
    if not model.__sklearn_is_fitted__():
        msg = f"the model must be fitted; {type(model).__qualname__} has no booster: call fit first"
        raise UnsupportedModelError(msg)
    missing = getattr(model, "missing", np.nan)
    if missing is not None and not np.isnan(missing):
        msg = f"missing must be NaN, got {missing!r}: put NaN in place of it and fit again"
        raise UnsupportedModelError(msg)
    try:
        return model.get_booster(), int(model.best_iteration) + 1
    except AttributeError:  # the library's answer where training did not stop early
        return model.get_booster(), None


def _trees(learner: dict[str, Any], iterations: int | None) -> tuple[list[Any], list[Any], list[int]]:
    """The JSON trees, their weights (None, but for dart) and the score column of each."""
    gradient = learner["gradient_booster"]
    name = gradient["name"]
    if name not in {"gbtree", "dart"}:
        msg = f"booster must be gbtree or dart, got {name!r}"
        raise UnsupportedModelError(msg)
    forest = gradient["model"] if name == "gbtree" else gradient["gbtree"]["model"]
    if forest.get("cats", {}).get("enc"):
        msg = "categories must be numbers from 0, got re-coded ones of a data frame: encode them first"
        raise UnsupportedModelError(msg)
    trees, info = forest["trees"], forest["tree_info"]
    end = len(trees) if iterations is None else int(forest["iteration_indptr"][iterations])
    weights = gradient.get("weight_drop", [None] * len(trees))
    if not trees:
        msg = "the model must have at least one tree, got none"
        raise UnsupportedModelError(msg)
    return trees[:end], weights[:end], info[:end]


def _rules(model: Any, objective: str, columns: int) -> dict[str, Any]:  # noqa: ANN401
    """Task, classes and label rule."""
    if objective not in _CLASSIFYING:
        return {"task": "regression"}
    if objective == "binary:logistic" and columns > 1:
        msg = f"binary:logistic must have one target, got {columns}: fit one model a label"
        raise UnsupportedModelError(msg)
    classes = np.asarray(model.classes_) if hasattr(model, "classes_") else np.arange(max(columns, 2))
    return {"task": "classification", "outputs": (classes,), "label_rule": "largest-probability"}


def _base(text: str, link: str, columns: int) -> Array:
    """Base score as a margin, one value a column: the library's float32 arithmetic with its C logf."""
    values = np.array(json.loads(text), dtype=np.float32, ndmin=1)
    one = np.float32(1)
    if link == "logistic":
        values = -_logf(one / values - one)
    elif link == "exp":
        values = _logf(values)
    return np.broadcast_to(values, (columns,)).astype(np.float64)


def _logf(values: Array) -> Array:
    """Float32 logarithm of the C library, which is what XGBoost calls; it is not always the nearest float.

    Where the C library cannot be asked, the nearest float: about one base score in a hundred is a last bit off then.
    """
    try:
        function = ctypes.CDLL(None).logf
    except (AttributeError, OSError, TypeError):
        return np.log(values.astype(np.float64)).astype(np.float32)
    function.argtypes, function.restype = (ctypes.c_float,), ctypes.c_float
    return np.array([function(float(value)) for value in values], dtype=np.float32)


def _part(tree: dict[str, Any], weight: float | None, base: float) -> TreePart:
    """One JSON tree, without the nodes that pruning cut off."""
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        msg = "trees must hold one value a leaf, got multi_strategy='multi_output_tree'"
        raise UnsupportedModelError(msg)
    left, right = (np.asarray(tree[name], dtype=np.int64) for name in ("left_children", "right_children"))
    sets = _category_sets(tree)
    swapped = np.zeros(len(left), dtype=bool)
    swapped[list(sets)] = True
    keep, index = _reachable(left, right)
    condition = np.asarray(tree["split_conditions"], dtype=np.float32)
    value = np.where(left < 0, condition, np.asarray(tree["base_weights"], dtype=np.float32))
    if weight is not None:  # dart adds (base + leaf - base) * weight, each step rounded
        value = (np.float32(base) + value - np.float32(base)) * np.float32(weight)
    left, right = np.where(swapped, right, left), np.where(swapped, left, right)
    return TreePart(
        feature=np.where(left < 0, -1, np.asarray(tree["split_indices"], dtype=np.int64))[keep],
        threshold=condition[keep],
        left=index[left[keep]],
        right=index[right[keep]],
        missing_left=(np.asarray(tree["default_left"], dtype=bool) != swapped)[keep],
        value=value[keep].reshape(-1, 1),
        samples=np.asarray(tree["sum_hessian"], dtype=np.float64)[keep],
        words={int(index[node]): words for node, words in sets.items() if index[node] >= 0},
    )


def _category_sets(tree: dict[str, Any]) -> dict[int, Array]:
    """Bit set of every categorical node."""
    sets = {}
    for node, start, size in zip(
        tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
    ):
        members = np.asarray(tree["categories"][start : start + size], dtype=np.int64)
        words = np.zeros(int(members.max(initial=0)) // 32 + 1, dtype=np.uint32)
        np.bitwise_or.at(words, members // 32, np.uint32(1) << (members % 32).astype(np.uint32))
        sets[int(node)] = words
    return sets


def _reachable(left: Array, right: Array) -> tuple[Array, Array]:
    """Nodes reached from the root, in their order, and the new index of every node (-1: dropped)."""
    seen = np.zeros(len(left), dtype=bool)
    level = np.zeros(1, dtype=np.int64)
    while len(level):
        seen[level] = True
        inner = level[left[level] >= 0]
        level = np.concatenate((left[inner], right[inner]))
    index = np.where(seen, np.cumsum(seen) - 1, -1)
    return np.flatnonzero(seen), index
