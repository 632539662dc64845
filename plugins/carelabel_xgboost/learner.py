"""What a booster holds: settings, and its trees as arrays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.measure.thresholds import SplitTree

if TYPE_CHECKING:
    import xgboost


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How a booster was trained, as far as its predictions depend on it.

    Attributes:
        booster: gbtree, dart or gblinear.
        parallel: Trees a round and output: more than one in random forests.
        outputs: Classes of a multi-class model, else targets.
    """

    booster: str
    objective: str
    classes: int
    targets: int
    features: int
    rounds: int
    parallel: int

    @property
    def family(self) -> str:
        """One round of many trees is a random forest."""
        if self.booster == "gblinear":
            return "linear"
        return "random-forest" if self.parallel > 1 and self.rounds == 1 else "gradient-boosting"


def settings_of(booster: xgboost.Booster) -> Settings:
    """Read the configuration that XGBoost gives."""
    learner = json.loads(booster.save_config())["learner"]
    param, gradient = learner["learner_model_param"], learner["gradient_booster"]
    trees = gradient.get("gbtree", gradient).get("gbtree_model_param", {})
    return Settings(
        booster=gradient["name"],
        objective=learner["objective"]["name"],
        classes=int(param["num_class"]),
        targets=max(int(param.get("num_target", 1)), 1),
        features=int(param["num_feature"]),
        rounds=booster.num_boosted_rounds() if trees else 0,
        parallel=int(trees.get("num_parallel_tree", 1)),
    )


def _model(booster: xgboost.Booster) -> dict[str, Any]:
    document = json.loads(bytes(booster.save_raw(raw_format="json")).decode())
    gradient = document["learner"]["gradient_booster"]
    found: dict[str, Any] = gradient.get("gbtree", gradient)["model"]
    return found


def counts_of(booster: xgboost.Booster, settings: Settings) -> tuple[dict[str, int], int]:
    """Named counts, and learned numbers: a threshold a split and the values of each leaf, or the weights."""
    model = _model(booster)
    if settings.booster == "gblinear":
        return {"coefficients": len(model["weights"])}, len(model["weights"])
    nodes = leaves = values = 0
    for tree in model["trees"]:
        param = tree["tree_param"]
        size = int(param["num_nodes"]) - int(param["num_deleted"])
        ends = (size + 1) // 2
        nodes, leaves, values = nodes + size, leaves + ends, values + ends * max(int(param["size_leaf_vector"]), 1)
    counts = {"trees": len(model["trees"]), "nodes": nodes, "leaves": leaves, "thresholds": nodes - leaves}
    return counts, nodes - leaves + values


def split_trees(booster: xgboost.Booster) -> list[SplitTree]:
    """The trees with their thresholds; rows go left below one."""
    return [_split_tree(tree) for tree in _model(booster)["trees"]]


def _split_tree(tree: dict[str, Any]) -> SplitTree:
    left = np.asarray(tree["left_children"], dtype=np.int64)
    numeric = left >= 0
    numeric[np.asarray(tree["categories_nodes"], dtype=np.int64)] = False
    return SplitTree(
        feature=np.asarray(tree["split_indices"], dtype=np.int64),
        threshold=np.asarray(tree["split_conditions"], dtype=np.float32),
        left=left,
        right=np.asarray(tree["right_children"], dtype=np.int64),
        numeric=numeric,
        missing_left=np.asarray(tree["default_left"], dtype=bool),
        strict=True,
    )
