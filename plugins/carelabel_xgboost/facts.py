"""What is learned from a booster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xgboost

from carelabel.data.coded import classes_of_codes
from carelabel.model.facts import InputType, ModelFacts
from carelabel_xgboost.files import format_of, read_booster
from carelabel_xgboost.learner import counts_of, settings_of
from carelabel_xgboost.objectives import meaning_of

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel_xgboost.learner import Settings

Label = str | int | float | bool


def facts_of(path: Path, data: DataSet) -> ModelFacts:
    """The facts of a file.

    Raises:
        LoadError: If it cannot be read, or the classes of the data do not fit.
    """
    booster = read_booster(path)
    settings = settings_of(booster)
    meaning = meaning_of(settings.objective)
    classes, warnings = _classes(path.name, settings, data)
    counts, parameters = counts_of(booster, settings)
    names = tuple(booster.feature_names or ())
    return ModelFacts(
        framework="xgboost",
        format=format_of(path),
        family=settings.family,
        estimator=f"Booster({settings.booster}, {settings.objective})",
        task="regression" if meaning == "value" else "classification",
        input_type=input_type_of(settings, names),
        n_features=settings.features,
        feature_names=names,
        classes=classes,
        outputs=settings.targets,
        probabilities=bool(classes) and meaning in {"probability", "probabilities"},
        parameters=parameters,
        counts=counts,
        libraries={"xgboost": xgboost.__version__},
        provides=("boundaries",) if counts.get("thresholds") else (),
        warnings=(*warnings, *_early_stopping(path.name, booster)),
    )


def input_type_of(settings: Settings, names: tuple[str, ...]) -> InputType:
    """XGBoost compares in float32, whatever it is given; a missing value is NaN."""
    shape = (settings.features,)
    return InputType(container="array", dtype="float32", shape=shape, columns=names, rounds_to="float32")


def _classes(name: str, settings: Settings, data: DataSet) -> tuple[tuple[Label, ...], tuple[str, ...]]:
    if meaning_of(settings.objective) == "value":
        return (), ()
    if settings.targets > 1:
        return (), (f"{name} predicts {settings.targets} labels a row; their probabilities are not measured",)
    return classes_of_codes(max(settings.classes, 2), data.facts.all_classes or data.facts.classes, name)


def _early_stopping(name: str, booster: xgboost.Booster) -> tuple[str, ...]:
    best, rounds = booster.attr("best_iteration"), booster.num_boosted_rounds()
    if best is None or int(best) + 1 >= rounds:
        return ()
    return (f"{name} was best after {int(best) + 1} of {rounds} rounds; a booster predicts with all of them",)
