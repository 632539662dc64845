"""What is learned from a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import catboost

from carelabel.errors import LoadError
from carelabel.model.facts import InputType, ModelFacts
from carelabel_catboost.files import read_model
from carelabel_catboost.model import about, counts_of

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel_catboost.model import About


def facts_of(path: Path, data: DataSet) -> ModelFacts:
    """The facts of a file.

    Raises:
        LoadError: If it cannot be read, or takes categories and the data has no named columns.
    """
    model = read_model(path)
    known = about(model)
    if known.categorical and data.rows.container != "frame":
        msg = f"{path.name} takes categories or text, so the data must be a table; it is {data.rows.container}"
        raise LoadError(msg, "give the data as .csv or .parquet")
    counts, parameters = counts_of(model, symmetric=known.symmetric)
    many = (f"{path.name} predicts {known.outputs} labels a row; their probabilities are not measured",)
    return ModelFacts(
        framework="catboost",
        format="catboost-cbm",
        family="gradient-boosting",
        estimator=f"CatBoost({known.loss})" if known.loss else "CatBoost",
        task="classification" if known.is_classifier else "regression",
        input_type=input_type_of(known),
        n_features=known.features,
        feature_names=known.names,
        classes=known.classes,
        outputs=known.outputs,
        probabilities=bool(known.classes),
        parameters=parameters,
        counts=counts,
        libraries={"catboost": catboost.__version__},
        provides=() if known.categorical else ("boundaries",),
        warnings=many if known.is_classifier and not known.classes else (),
    )


def input_type_of(known: About) -> InputType:
    """Numbers as float32, in which CatBoost compares; a table where some features are categories or text."""
    shape = (known.features,)
    if known.categorical:
        return InputType(container="frame", dtype="", shape=shape, columns=known.names, rounds_to="float32")
    return InputType(container="array", dtype="float32", shape=shape, columns=known.names, rounds_to="float32")
