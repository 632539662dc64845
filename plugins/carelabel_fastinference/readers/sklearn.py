"""scikit-learn's single trees and forests.

Inputs are rounded to float32 and compared with float64 thresholds. A forest sums the trees' values in
float64 in their order (with n_jobs=1; threads may finish in another order) and divides once by the number of
trees. Source: scikit-learn 1.9, sklearn/tree/_tree.pyx and sklearn/ensemble/_forest.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from carelabel_fastinference.errors import UnsupportedModelError
from carelabel_fastinference.readers.parts import TreePart, join_parts

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def read_tree(model: Any) -> TreeEnsemble:  # noqa: ANN401 - an estimator, whose library is not imported here
    """Read a DecisionTree or ExtraTree classifier or regressor.

    Raises:
        UnsupportedModelError: if the model is not fitted.
    """
    check_fitted(model, "tree_")
    # One tree is not added to anything: -0.0 + v is v for every v, while 0.0 + -0.0 would lose a sign.
    return _join(model, [model], aggregation="sum", zero=-0.0)


def read_forest(model: Any) -> TreeEnsemble:  # noqa: ANN401
    """Read a RandomForest or ExtraTrees classifier or regressor.

    Raises:
        UnsupportedModelError: if the model is not fitted.
    """
    check_fitted(model, "estimators_")
    return _join(model, list(model.estimators_), aggregation="mean", zero=0.0)


def check_fitted(model: Any, attribute: str) -> None:  # noqa: ANN401
    """Refuse a model that lacks the attribute that fitting sets.

    Raises:
        UnsupportedModelError: if it does.
    """
    if not hasattr(model, attribute):
        msg = f"the model must be fitted; {type(model).__qualname__} has no {attribute}: call fit first"
        raise UnsupportedModelError(msg)


def tree_part(tree: Any, value: Array, *, nan: bool) -> TreePart:  # noqa: ANN401
    """One `sklearn.tree._tree.Tree` with the given values, (n_nodes, n_values)."""
    nodes = len(tree.feature)
    return TreePart(
        feature=np.where(tree.children_left < 0, -1, tree.feature),
        threshold=tree.threshold,
        left=tree.children_left,
        right=tree.children_right,
        missing_left=tree.missing_go_to_left if nan else np.zeros(nodes, dtype=bool),
        value=value,
        samples=tree.weighted_n_node_samples,
        words={},
    )


def allows_nan(model: Any) -> bool:  # noqa: ANN401
    """Whether the model takes NaN, by its own account."""
    return bool(model.__sklearn_tags__().input_tags.allow_nan)


def class_arrays(model: Any) -> tuple[Array, ...] | None:  # noqa: ANN401
    """Classes of every output, or None for a regressor."""
    if not hasattr(model, "classes_"):
        return None
    classes = model.classes_ if model.n_outputs_ > 1 else [model.classes_]
    return tuple(np.asarray(c) for c in classes)


def _join(
    model: Any,  # noqa: ANN401
    estimators: list[Any],
    *,
    aggregation: str,
    zero: float,
) -> TreeEnsemble:
    """Join the trees of a model; every one holds a value for every score column."""
    outputs = class_arrays(model)
    nan = allows_nan(model)
    parts = [tree_part(e.tree_, _values(e.tree_.value, outputs), nan=nan) for e in estimators]
    return join_parts(
        parts,
        tree_output=np.full(len(parts), -1, dtype=np.int32),
        base=np.full(parts[0].value.shape[1], zero),
        n_features=int(model.n_features_in_),
        input_rounding="float32",
        aggregation=aggregation,
        task="regression" if outputs is None else "classification",
        outputs=outputs,
        accepts_nan=nan,
        source=f"{type(model).__module__}.{type(model).__qualname__}",
    )


def _values(value: Array, outputs: tuple[Array, ...] | None) -> Array:
    """Values (n_nodes, n_outputs, most classes) without the padding: (n_nodes, n_columns)."""
    if outputs is None:
        return value[:, :, 0]
    return np.concatenate([value[:, k, : len(c)] for k, c in enumerate(outputs)], axis=1)
