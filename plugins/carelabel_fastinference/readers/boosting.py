"""scikit-learn's GradientBoosting: inputs in float32, scores summed in float64, stage by stage.

Within a stage the classes come in order. The library adds `learning_rate * value` to the scores; the product
is rounded before it is added, so multiplying beforehand gives the same bits. Probabilities go through exp,
whose last bit differs between implementations; the raw scores are what has the same bits.
Source: scikit-learn 1.9, sklearn/ensemble/_gradient_boosting.pyx (predict_stages).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from carelabel_fastinference.errors import UnsupportedModelError
from carelabel_fastinference.readers.parts import join_parts
from carelabel_fastinference.readers.sklearn import check_fitted, tree_part

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
_CONSTANT: Final = {
    "DummyClassifier": ("prior", "most_frequent", "constant", "uniform"),
    "DummyRegressor": ("mean", "median", "quantile", "constant"),
}


def read_gradient_boosting(model: Any) -> TreeEnsemble:  # noqa: ANN401 - an estimator
    """Read a GradientBoostingClassifier or GradientBoostingRegressor.

    Raises:
        UnsupportedModelError: if the model is not fitted, or its `init` depends on the row.
    """
    check_fitted(model, "estimators_")
    stages = model.estimators_
    rate = float(model.learning_rate)
    trees = [tree.tree_ for stage in stages for tree in stage]
    parts = [tree_part(tree, rate * tree.value[:, 0, :], nan=False) for tree in trees]
    classes = getattr(model, "classes_", None)
    rules: dict[str, Any] = {"task": "regression"} if classes is None else _class_rules(model)
    return join_parts(
        parts,
        tree_output=np.tile(np.arange(stages.shape[1], dtype=np.int32), stages.shape[0]),
        base=_initial_scores(model),
        n_features=int(model.n_features_in_),
        input_rounding="float32",
        source=f"{type(model).__module__}.{type(model).__qualname__}",
        **rules,
    )


def _class_rules(model: Any) -> dict[str, Any]:  # noqa: ANN401
    """Link and label rule of a classifier."""
    binary = model.estimators_.shape[1] == 1
    return {
        "task": "classification",
        "outputs": (np.asarray(model.classes_),),
        "link": "logistic" if binary else "softmax",
        "link_scale": 2.0 if model.loss == "exponential" else 1.0,
        "label_rule": "non-negative-score" if binary else "largest-score",
    }


def _initial_scores(model: Any) -> Array:  # noqa: ANN401
    """Scores before the first stage, (n_columns,), computed by the model itself from any row."""
    init = model.init_
    if not isinstance(init, str):
        dummy = type(init).__module__ == "sklearn.dummy"
        strategies = _CONSTANT.get(type(init).__name__, ()) if dummy else ()
        if getattr(init, "strategy", None) not in strategies:
            msg = f"init must not depend on the row ('zero' or a constant Dummy estimator), got {init!r}"
            raise UnsupportedModelError(msg)
    row = np.zeros((1, model.n_features_in_), dtype=np.float32)
    # The library has no public way to ask for these scores.
    scores: Array = np.array(model._raw_predict_init(row)[0], dtype=np.float64)  # noqa: SLF001
    return scores
