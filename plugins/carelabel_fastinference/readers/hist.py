"""scikit-learn's HistGradientBoosting: everything in float64, missing values and categorical splits included.

Categorical columns are encoded by the model's own OrdinalEncoder (an unknown value becomes missing) and
moved to the front; here the features keep their places and the encoding goes into `category_values`.
Source: scikit-learn 1.9, sklearn/ensemble/_hist_gradient_boosting (gradient_boosting.py, _predictor.pyx).
Probabilities and the means of poisson and gamma losses go through exp; the raw scores are what has the same
bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference.errors import UnsupportedModelError
from carelabel_fastinference.readers.parts import TreePart, join_parts
from carelabel_fastinference.readers.sklearn import check_fitted

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
_LOG_LINK: Final = frozenset({"poisson", "gamma"})
_IDENTITY: Final = frozenset({"squared_error", "absolute_error", "quantile"})


def read_hist_gradient_boosting(model: Any) -> TreeEnsemble:  # noqa: ANN401 - an estimator
    """Read a HistGradientBoostingClassifier or HistGradientBoostingRegressor.

    Raises:
        UnsupportedModelError: if the model is not fitted, its categories are not numbers, or its loss is a
            custom one.
    """
    check_fitted(model, "_predictors")
    values, order = _encoding(model)
    predictors = [p for stage in model._predictors for p in stage]  # noqa: SLF001 - no public way
    columns = int(model.n_trees_per_iteration_)
    return join_parts(
        [_part(p, order) for p in predictors],
        tree_output=np.tile(np.arange(columns, dtype=np.int32), len(model._predictors)),  # noqa: SLF001
        base=np.array(model._baseline_prediction, dtype=np.float64).reshape(columns),  # noqa: SLF001
        n_features=int(model.n_features_in_),
        category_values=values,
        accepts_nan=True,
        source=f"{type(model).__module__}.{type(model).__qualname__}",
        **_rules(model, columns),
    )


def _rules(model: Any, columns: int) -> dict[str, Any]:  # noqa: ANN401
    """Task, link and label rule."""
    if hasattr(model, "classes_"):
        return {
            "task": "classification",
            "outputs": (np.asarray(model.classes_),),
            "link": "logistic" if columns == 1 else "softmax",
            "label_rule": "positive-score" if columns == 1 else "largest-score",
        }
    if not isinstance(model.loss, str) or model.loss not in _LOG_LINK | _IDENTITY:
        msg = f"loss must be one of {sorted(_LOG_LINK | _IDENTITY)}, got {model.loss!r}"
        raise UnsupportedModelError(msg)
    return {"task": "regression", "link": "exp" if model.loss in _LOG_LINK else "identity"}


def _encoding(model: Any) -> tuple[tuple[Array | None, ...] | None, Array]:  # noqa: ANN401
    """Raw values of the categories by feature, and the features in the order the predictors count them."""
    categorical = model.is_categorical_
    if categorical is None or not np.any(categorical):
        return None, np.arange(model.n_features_in_)
    encoder = model._preprocessor.named_transformers_["encoder"]  # noqa: SLF001 - no public way
    columns = np.flatnonzero(categorical)
    values: list[Array | None] = [None] * int(model.n_features_in_)
    for column, categories in zip(columns, encoder.categories_, strict=True):
        values[column] = _numbers(categories, int(column))
    return tuple(values), np.concatenate((columns, np.flatnonzero(~np.asarray(categorical))))


def _numbers(categories: Array, column: int) -> Array:
    """Categories as float64 without the missing one, which is always the last."""
    try:
        if categories.dtype.kind not in "biuf" and any(isinstance(c, str | bytes) for c in categories):
            raise ValueError  # noqa: TRY301 - numpy would read the text "1" as a number
        numbers = np.asarray(categories, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.asarray(categories)[:3].tolist()
        msg = f"categories of feature {column} must be numbers, got {found}: encode them first"
        raise UnsupportedModelError(msg) from None
    return numbers[~np.isnan(numbers)]


def _part(predictor: Any, order: Array) -> TreePart:  # noqa: ANN401
    """One TreePredictor."""
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    categorical = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf)
    sets = predictor.raw_left_cat_bitsets
    return TreePart(
        feature=np.where(leaf, -1, order[nodes["feature_idx"]]),
        threshold=nodes["num_threshold"],
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=nodes["value"].reshape(-1, 1),
        samples=nodes["count"].astype(np.float64),
        words={int(n): np.asarray(sets[nodes["bitset_idx"][n]], dtype=np.uint32) for n in categorical},
    )
