"""What a CatBoost model says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carelabel.measure.thresholds import SplitTree, stump

if TYPE_CHECKING:
    import catboost

Label = str | int | float | bool

_MANY_LABELS: Final = frozenset({"MultiLogloss", "MultiCrossEntropy"})
_EXPONENTS: Final = frozenset({"Poisson", "Tweedie"})


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What predictions depend on.

    Attributes:
        loss: Name of the loss without its parameters, empty where the file does not say.
        names: Names of the features; empty where CatBoost numbered them itself.
        outputs: Values or labels predicted for a row.
        categorical: Whether some features are categories or text.
        symmetric: Whether all nodes of a level ask the same question.
    """

    loss: str
    classes: tuple[Label, ...]
    names: tuple[str, ...]
    features: int
    outputs: int
    categorical: bool
    symmetric: bool

    @property
    def is_classifier(self) -> bool:
        """Whether it predicts classes or labels."""
        return bool(self.classes) or self.loss in _MANY_LABELS

    @property
    def prediction_type(self) -> str:
        """What CatBoost's own classifier or regressor predicts."""
        if self.is_classifier:
            return "Class"
        return "Exponent" if self.loss in _EXPONENTS else "RawFormulaVal"


def about(model: catboost.CatBoost) -> About:
    """Read what a model holds beside its trees."""
    settings = model.get_all_params()
    loss = str(settings.get("loss_function", "")).partition(":")[0]
    names = tuple(map(str, model.feature_names_))
    width = int(np.size(model.get_scale_and_bias()[1]))
    many = loss in _MANY_LABELS
    classes = () if many else tuple(np.asarray(model.classes_).tolist())
    others = (model.get_cat_feature_indices(), model.get_text_feature_indices(), model.get_embedding_feature_indices())
    return About(
        loss=loss,
        classes=classes,
        names=() if names == tuple(map(str, range(len(names)))) else names,
        features=len(names),
        outputs=1 if classes else width,
        categorical=any(len(found) for found in others),
        symmetric=settings.get("grow_policy", "SymmetricTree") == "SymmetricTree",
    )


def counts_of(model: catboost.CatBoost, *, symmetric: bool) -> tuple[dict[str, int], int]:
    """Named counts, and learned numbers: a threshold a question and the values of each leaf.

    A symmetric tree of depth d asks d questions, however many nodes that are.
    """
    leaves = np.asarray(model.get_tree_leaf_counts(), dtype=np.int64)
    inner = int((leaves - 1).sum())
    questions = int(np.log2(leaves).round().sum()) if symmetric else inner
    total = int(leaves.sum())
    counts = {"trees": len(leaves), "nodes": total + inner, "leaves": total, "thresholds": questions}
    return counts, questions + len(model.get_leaf_values())


def borders(model: Any) -> list[SplitTree]:  # noqa: ANN401 - a CatBoost
    """Every threshold as a tree of its own: symmetric trees compare every row with each of theirs."""
    return [stump(feature, border) for feature, found in model.get_borders().items() for border in found]
