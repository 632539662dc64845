"""What is learned from a model's text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lightgbm

from carelabel.data.coded import classes_of_codes
from carelabel.model.facts import InputType, ModelFacts
from carelabel_lightgbm.files import read_booster, read_text
from carelabel_lightgbm.objectives import meaning_of
from carelabel_lightgbm.text import counts_of

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel_lightgbm.text import ModelText


Label = str | int | float | bool


def facts_of(path: Path, data: DataSet) -> ModelFacts:
    """The facts of a file.

    Raises:
        LoadError: If it cannot be read, or the classes of the data do not fit.
    """
    model = read_text(path)
    read_booster(path)
    meaning = meaning_of(model)
    classes: tuple[Label, ...] = ()
    warnings: tuple[str, ...] = ()
    if meaning != "value":
        classes, warnings = classes_of_codes(
            max(model.columns, 2), data.facts.all_classes or data.facts.classes, path.name
        )
    counts, parameters = counts_of(model)
    return ModelFacts(
        framework="lightgbm",
        format="lightgbm-text",
        family="random-forest" if "average_output" in model.header else "gradient-boosting",
        estimator=f"Booster({model.objective})",
        task="regression" if meaning == "value" else "classification",
        input_type=input_type_of(model),
        n_features=model.features,
        feature_names=model.names,
        classes=classes,
        probabilities=meaning in {"probability", "probabilities"},
        decision=meaning == "scores",
        parameters=parameters,
        counts=counts,
        libraries={"lightgbm": lightgbm.__version__, "written-with": model.header.get("version", "")},
        provides=("boundaries",) if counts["thresholds"] else (),
        warnings=warnings,
    )


def input_type_of(model: ModelText) -> InputType:
    """LightGBM compares in float64; a missing value is NaN."""
    shape = (model.features,)
    return InputType(container="array", dtype="float64", shape=shape, columns=model.names, rounds_to="float64")
