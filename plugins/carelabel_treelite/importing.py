"""Models of scikit-learn, XGBoost and LightGBM as Treelite models that give the same answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import treelite

from carelabel.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel.model.facts import ModelFacts

Rounding = Literal["float32", "float64"]

_HIST: Final = frozenset({"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"})
_SINGLE: Final = frozenset({"DecisionTreeClassifier", "DecisionTreeRegressor"})
_SAID: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """A Treelite model.

    Attributes:
        rounds_to: Type in which the original compares its inputs; rows must be rounded to it before they are compared.
            Forests that got float64 rows had 47 % of them wrong.
    """

    model: treelite.Model
    rounds_to: Rounding


def import_trees(native: Any, facts: ModelFacts) -> Imported:  # noqa: ANN401 - an estimator or a booster
    """Import a model.

    Args:
        native: A scikit-learn estimator (also one found by a search), a Booster, or a booster's scikit-learn wrapper.

    Raises:
        UnsupportedError: If Treelite has nothing for it, or its answers could not be told apart afterwards.
    """
    if len(facts.classes) == 1:
        msg = "Treelite needs at least two classes, this model knows one"
        raise UnsupportedError(msg)
    native = getattr(native, "best_estimator_", native)
    root = type(native).__module__.partition(".")[0]
    readers: dict[str, Callable[[Any], Imported]] = {
        "sklearn": _from_sklearn,
        "xgboost": _from_xgboost,
        "lightgbm": _from_lightgbm,
    }
    if root not in readers:
        msg = f"Treelite reads models of {', '.join(readers)}, this is {type(native).__module__}"
        raise UnsupportedError(msg)
    try:
        return readers[root](native)
    except (treelite.TreeliteError, NotImplementedError, AssertionError) as error:
        said = " ".join(str(error).split()).rpartition("Check failed: ")[2][-_SAID:]
        msg = f"Treelite must know every part of the model; it says: {said or type(error).__name__}"
        raise UnsupportedError(msg) from error


def _from_sklearn(estimator: Any) -> Imported:  # noqa: ANN401 - as above
    parents = {parent.__name__ for parent in type(estimator).__mro__}
    if isinstance(getattr(estimator, "classes_", None), list):
        msg = "classes must be those of one output, this model predicts several with classes of their own"
        raise UnsupportedError(msg)
    if parents & _HIST:
        return Imported(model=treelite.sklearn.import_model(estimator), rounds_to="float64")
    model = treelite.sklearn.import_model(_forest_of(estimator) if parents & _SINGLE else estimator)
    if "GradientBoostingClassifier" in parents and estimator.loss == "exponential":
        # Its probability is expit(2 x); Treelite takes expit(x), which is up to 0.13 off.
        model.get_header_accessor().set_field("sigmoid_alpha", np.array([2.0], dtype=np.float32))
    return Imported(model=model, rounds_to="float32")


def _forest_of(tree: Any) -> Any:  # noqa: ANN401 - as above
    """A forest of this one tree: Treelite reads no single ones."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # noqa: PLC0415 - its framework is here

    is_classifier = hasattr(tree, "classes_")
    forest = (RandomForestClassifier if is_classifier else RandomForestRegressor)(n_estimators=1)
    forest.estimators_ = [tree]
    names = ("n_features_in_", "n_outputs_", "classes_", "n_classes_")
    for name in names if is_classifier else names[:2]:
        setattr(forest, name, getattr(tree, name))
    return forest


def _from_xgboost(native: Any) -> Imported:  # noqa: ANN401 - as above
    booster = native
    if hasattr(native, "get_booster"):
        missing = native.missing
        if missing is not None and missing == missing:  # noqa: PLR0124 - only NaN differs from itself
            msg = f"missing values must be NaN to be converted, this model takes {missing!r} for missing"
            raise UnsupportedError(msg, "train it on NaN")
        booster = native.get_booster()
        best = booster.attr("best_iteration")
        booster = booster if best is None else booster[: int(best) + 1]
    return Imported(model=treelite.frontend.from_xgboost(booster), rounds_to="float32")


def _from_lightgbm(native: Any) -> Imported:  # noqa: ANN401 - as above
    booster = getattr(native, "booster_", native)
    return Imported(model=treelite.frontend.from_lightgbm(booster), rounds_to="float64")


def counts_of(model: treelite.Model) -> dict[str, int]:
    """Learned numbers, of what: a threshold a split and the values of each leaf."""
    nodes = leaves = values = 0
    for number in range(model.num_tree):
        tree = model.get_tree_accessor(number)
        ends = int(np.count_nonzero(tree.get_field("cleft") < 0))
        nodes, leaves = nodes + int(tree.get_field("num_nodes")[0]), leaves + ends
        values += len(tree.get_field("leaf_vector")) or ends
    splits = nodes - leaves
    return {
        "parameters": splits + values,
        "trees": model.num_tree,
        "nodes": nodes,
        "leaves": leaves,
        "thresholds": splits,
    }
