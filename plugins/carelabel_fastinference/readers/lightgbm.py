"""LightGBM: everything in float64, scores summed from zero in tree order, read from the library's model text.

Missing values by node: type none (NaN counts as 0), zero (|x| <= 1e-35 and NaN are missing) or nan. Random
forest mode divides by the number of iterations. Raw scores have the same bits as `predict(...,
raw_score=True)`; probabilities and log-linked means go through exp. A Booster fitted on a data frame with
category columns is read in terms of the category codes, which is also what its own predict takes from a
plain array. Source: LightGBM 4.7, include/LightGBM/tree.h (NumericalDecision, CategoricalDecision),
docs/Development-Guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference.ensemble import ZERO_THRESHOLD
from carelabel_fastinference.errors import UnsupportedModelError
from carelabel_fastinference.readers.parts import TreePart, join_parts

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_IDENTITY: Final = "regression regression_l1 huber fair quantile mape lambdarank rank_xendcg"
_LINKS: Final = (
    dict.fromkeys(_IDENTITY.split(), "identity")
    | dict.fromkeys(("poisson", "gamma", "tweedie"), "exp")
    | dict.fromkeys(("binary", "cross_entropy", "multiclassova"), "logistic")
    | {"multiclass": "softmax"}
)
_CLASSIFYING: Final = frozenset({"binary", "multiclass", "multiclassova"})
_CATEGORICAL: Final = 1
_DEFAULT_LEFT: Final = 2
_MISSING_ZERO: Final = 1
_MISSING_NAN: Final = 2


def read_lightgbm(model: Any) -> TreeEnsemble:  # noqa: ANN401 - a Booster or a wrapper
    """Read a Booster or a scikit-learn wrapper, up to the best iteration where training stopped early.

    Raises:
        UnsupportedModelError: if the model is not fitted, its leaves are linear, its objective is none of the
            known ones, or a feature is "zero as missing" in some nodes only.
    """
    booster = _booster(model)
    header, trees = _parse(booster.model_to_string())
    objective, settings = _objective(header)
    columns = int(header["num_tree_per_iteration"])
    n_features = int(header["max_feature_idx"]) + 1
    return join_parts(
        [_part(tree) for tree in trees],
        tree_output=np.arange(len(trees), dtype=np.int32) % columns,
        base=np.zeros(columns),
        n_features=n_features,
        zero_as_missing=_zero_as_missing(trees, n_features),
        aggregation="mean" if "average_output" in header else "sum",
        accepts_nan=True,
        link=_LINKS[objective],
        link_scale=float(settings.get("sigmoid", 1.0)),
        source=f"{type(model).__module__}.{type(model).__qualname__}",
        **_rules(model, objective, columns),
    )


def _booster(model: Any) -> Any:  # noqa: ANN401
    """The Booster of a model."""
    if hasattr(model, "model_to_string"):
        return model
    if not model.__sklearn_is_fitted__():
        msg = f"the model must be fitted; {type(model).__qualname__} has no booster: call fit first"
        raise UnsupportedModelError(msg)
    return model.booster_


def _parse(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Header and trees of the model text, each as a map from key to the text behind the equals sign."""
    head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    trees = [_pairs(block.partition("\n")[2]) for block in blocks]
    if not trees:
        msg = "the model must have at least one tree, got none"
        raise UnsupportedModelError(msg)
    if any(tree.get("is_linear") == "1" for tree in trees):
        msg = "leaves must hold constants, got linear_tree=True"
        raise UnsupportedModelError(msg)
    return _pairs(head), trees


def _pairs(block: str) -> dict[str, str]:
    """Lines `key=value` as a map; a line without the sign is a key without a value."""
    return {key: value for key, _, value in (line.partition("=") for line in block.splitlines()) if key}


def _objective(header: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Name of the objective and its settings, from `name key:value flag ...`."""
    words = header.get("objective", "custom").split()
    settings = {key: value for key, _, value in (word.partition(":") for word in words[1:])}
    if words[0] not in _LINKS or "sqrt" in settings:
        msg = f"objective must be one of {', '.join(_LINKS)}; got {' '.join(words)!r}"
        raise UnsupportedModelError(msg)
    return words[0], settings


def _rules(model: Any, objective: str, columns: int) -> dict[str, Any]:  # noqa: ANN401
    """Task, classes and label rule."""
    if objective not in _CLASSIFYING:
        return {"task": "regression"}
    classes = np.asarray(model.classes_) if hasattr(model, "classes_") else np.arange(max(columns, 2))
    return {"task": "classification", "outputs": (classes,), "label_rule": "largest-probability"}


def _numbers(tree: dict[str, str], key: str, dtype: str) -> Array:
    """The numbers of a line; Python's own reading of decimal text is exact."""
    words = tree.get(key, "").split()
    if dtype == "float64":
        return np.array([float(word) for word in words], dtype=dtype)
    return np.array([int(word) for word in words], dtype=dtype)


def _zero_as_missing(trees: list[dict[str, str]], n_features: int) -> Array | None:
    """Features whose zeros are missing: bool (n_features,), None if there is none."""
    kinds: Array = np.zeros((n_features, 2), dtype=bool)
    for tree in trees:
        decision = _numbers(tree, "decision_type", "int64")
        numeric = (decision & _CATEGORICAL) == 0
        feature = _numbers(tree, "split_feature", "int64")
        kinds[feature[numeric], ((decision[numeric] >> 2) & 3 == _MISSING_ZERO).astype(np.int64)] = True
    if kinds.all(axis=1).any():
        mixed = int(np.argmax(kinds.all(axis=1)))
        msg = f"zero_as_missing must hold for all nodes of a feature or none, got both for feature {mixed}"
        raise UnsupportedModelError(msg)
    return np.ascontiguousarray(kinds[:, 1]) if kinds[:, 1].any() else None


def _part(tree: dict[str, str]) -> TreePart:
    """One tree: inner nodes 0 to n - 1 first, then the leaves."""
    leaves = int(tree["num_leaves"])
    inner = leaves - 1
    children = [_numbers(tree, key, "int64") for key in ("left_child", "right_child")]
    left, right = (np.where(child < 0, inner - 1 - child, child) for child in children)
    threshold, decision = _numbers(tree, "threshold", "float64"), _numbers(tree, "decision_type", "int64")
    words = _category_sets(tree, np.flatnonzero(decision & _CATEGORICAL), threshold)
    threshold = _without_tiny(threshold)
    kind = (decision >> 2) & 3
    categorical = (decision & _CATEGORICAL) > 0
    default_left = (decision & _DEFAULT_LEFT) > 0
    # Without a missing type NaN counts as 0.0; a categorical split sends it to the right.
    missing_left = np.where(kind == 0, threshold >= 0.0, default_left) & ~categorical
    value = np.concatenate([_padded(tree, "internal_value", inner), _numbers(tree, "leaf_value", "float64")])
    pad = np.full(leaves, -1)
    return TreePart(
        feature=np.concatenate([_numbers(tree, "split_feature", "int64"), pad]),
        threshold=np.concatenate([threshold, pad]),
        left=np.concatenate([left, pad]),
        right=np.concatenate([right, pad]),
        missing_left=np.concatenate([missing_left, pad < -1]),
        value=value.reshape(-1, 1),
        samples=np.concatenate([_padded(tree, "internal_count", inner), _padded(tree, "leaf_count", leaves)]),
        words=words,
    )


def _without_tiny(threshold: Array) -> Array:
    """Thresholds that split as the library does, which takes inputs up to ZERO_THRESHOLD for 0.0."""
    below = np.nextafter(-ZERO_THRESHOLD, -np.inf)
    tiny = np.where(threshold < 0, below, ZERO_THRESHOLD)
    return np.where(np.abs(threshold) <= ZERO_THRESHOLD, tiny, threshold)


def _padded(tree: dict[str, str], key: str, size: int) -> Array:
    """Numbers of a line that may be absent: NaN then."""
    numbers = _numbers(tree, key, "float64")
    return numbers if len(numbers) == size else np.full(size, np.nan)


def _category_sets(tree: dict[str, str], nodes: Array, threshold: Array) -> dict[int, Array]:
    """Bit set of every categorical node, whose threshold is the index of the set."""
    if not len(nodes):
        return {}
    bounds = _numbers(tree, "cat_boundaries", "int64")
    words = _numbers(tree, "cat_threshold", "uint32")
    sets = threshold[nodes].astype(np.int64)
    return {int(node): words[bounds[k] : bounds[k + 1]] for node, k in zip(nodes, sets, strict=True)}
