"""What is known about an ensemble: counts, how it is fed, and the facts of a saved model that is submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carelabel.model.facts import ModelFacts
from carelabel_fastinference.inputs import input_type_of

if TYPE_CHECKING:
    from carelabel_fastinference.ensemble import TreeEnsemble

FRAMEWORK: Final = "fastinference"
_FAMILIES: Final = (
    ("HistGradientBoosting", "hist-gradient-boosting"),
    ("DecisionTree", "decision-tree"),
    ("ExtraTrees", "extra-trees"),
    ("ExtraTree", "decision-tree"),
    ("RandomForest", "random-forest"),
    ("XGBRF", "random-forest"),
)
"""Beginnings of class names, the longer one of two first; everything else is boosted."""


def counts_of(ensemble: TreeEnsemble) -> dict[str, int]:
    """Named counts; parameters are a threshold for each split and the values of each leaf."""
    inner = ensemble.n_nodes - ensemble.n_leaves
    return {
        "parameters": inner + ensemble.n_leaves * ensemble.n_values,
        "trees": ensemble.n_trees,
        "nodes": ensemble.n_nodes,
        "leaves": ensemble.n_leaves,
        "thresholds": inner,
    }


def facts_of(ensemble: TreeEnsemble, file_format: str) -> ModelFacts:
    """The facts of a saved model that is submitted by itself."""
    counts = counts_of(ensemble)
    parameters = counts.pop("parameters")
    outputs = ensemble.outputs or ()
    single = outputs[0] if len(outputs) == 1 else None
    return ModelFacts(
        framework=FRAMEWORK,
        format=file_format,
        family=family_of(ensemble),
        estimator=_class_name(ensemble) or "TreeEnsemble",
        task=ensemble.task,
        input_type=input_type_of(ensemble),
        n_features=ensemble.n_features,
        classes=() if single is None else tuple(single.tolist()),
        outputs=ensemble.n_outputs,
        probabilities=single is not None,
        decision=single is not None and ensemble.aggregation == "sum" and _class_name(ensemble) not in _ONE_TREE,
        parameters=parameters,
        counts=counts,
        provides=("boundaries",) if bool((~ensemble.is_leaf & ~ensemble.is_categorical).any()) else (),
    )


def family_of(ensemble: TreeEnsemble) -> str:
    """The family, by the class that the ensemble was read from."""
    name = _class_name(ensemble)
    return next((family for begin, family in _FAMILIES if name.startswith(begin)), "gradient-boosting")


_ONE_TREE: Final = frozenset(
    f"{kind}{task}" for kind in ("DecisionTree", "ExtraTree") for task in ("Classifier", "Regressor")
)
"""A single tree sums nothing, but has no scores besides its probabilities."""


def _class_name(ensemble: TreeEnsemble) -> str:
    """Last part of the class's name in `source`, which may go on with what was done to it since."""
    return ensemble.source.partition(",")[0].rpartition(".")[2]
