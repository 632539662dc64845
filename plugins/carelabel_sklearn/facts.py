"""What is learned from a loaded estimator."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import sklearn
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from carelabel.errors import LoadError, UsageError
from carelabel.model.facts import InputType, ModelFacts
from carelabel_sklearn.boundaries import has_boundaries
from carelabel_sklearn.counts import counts_of
from carelabel_sklearn.families import final_step, framework_of, stated_family, task_of
from carelabel_sklearn.inputs import input_type_of, prepare

if TYPE_CHECKING:
    from carelabel.data.rows import DataSet
    from carelabel_sklearn.files import Loaded

Label = str | int | float | bool


def facts_of(name: str, loaded: Loaded, file_format: str, data: DataSet) -> ModelFacts:
    """The facts of a fitted estimator.

    Args:
        name: Of the file, for messages.

    Raises:
        LoadError: If this is no fitted estimator that predicts.
    """
    estimator = loaded.content
    _check_estimator(name, estimator)
    task = task_of(estimator)
    if not task:
        msg = f"{name} must hold a classifier, regressor, clusterer or outlier detector; it holds {_what(estimator)}"
        raise LoadError(msg, "submit the estimator that gives the prediction")
    input_type = input_type_of(estimator, data.rows)
    classes, many = _classes(estimator, task)
    outputs = _outputs(estimator, data, input_type)
    counts, parameters = counts_of(estimator)
    width = getattr(estimator, "n_features_in_", None)
    return ModelFacts(
        framework=framework_of(estimator),
        format=file_format,
        family=stated_family(estimator),
        estimator=_estimator_name(estimator),
        task=task,
        input_type=input_type,
        n_features=None if width is None else int(width),
        feature_names=tuple(map(str, getattr(estimator, "feature_names_in_", ()))),
        classes=classes,
        outputs=outputs,
        probabilities=hasattr(estimator, "predict_proba") and not many,
        decision=hasattr(estimator, "decision_function") and not many,
        parameters=parameters,
        counts=counts,
        libraries={"scikit-learn": sklearn.__version__, **_writer(loaded)},
        provides=("boundaries",) if has_boundaries(estimator, input_type) else (),
        warnings=(*_version_warning(name, loaded), *loaded.warnings, *_many_warning(many, outputs)),
    )


def _check_estimator(name: str, estimator: Any) -> None:  # noqa: ANN401 - whatever the file held
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        msg = f"{name} must hold a scikit-learn estimator; it holds {_what(estimator)}"
        raise LoadError(msg, "save the fitted estimator itself, alone")
    try:
        check_is_fitted(estimator)
    except NotFittedError as error:
        msg = f"{name} must hold a fitted estimator; its {type(estimator).__name__} has not been fitted"
        raise LoadError(msg, "fit it before it is saved") from error
    if not hasattr(estimator, "predict"):
        msg = f"{name} must hold an estimator that predicts new rows; {_what(estimator)} has no predict"
        raise LoadError(msg, "submit the estimator that gives the prediction")


def _what(thing: Any) -> str:  # noqa: ANN401 - as above
    kind = thing if isinstance(thing, type) else type(thing)
    return f"the class {kind.__qualname__}" if isinstance(thing, type) else f"an object of type {kind.__qualname__}"


def _estimator_name(estimator: Any) -> str:  # noqa: ANN401 - as above
    outer, last = type(estimator).__name__, type(final_step(estimator)).__name__
    return outer if outer == last else f"{outer}({last})"


def _classes(estimator: Any, task: str) -> tuple[tuple[Label, ...], bool]:  # noqa: ANN401 - as above
    """The classes as plain values, and whether there are several outputs with classes of their own."""
    found = getattr(estimator, "classes_", None) if task == "classification" else None
    if found is None:
        return (), False
    if isinstance(found, list):
        return (), True
    return tuple(found.tolist()), False


def _outputs(estimator: Any, data: DataSet, input_type: InputType) -> int:  # noqa: ANN401 - as above
    """Values predicted for a row, found by predicting one; 1 when the data does not fit, which others report."""
    if len(data.rows) == 0 or (not input_type.columns and math.prod(input_type.shape) != math.prod(data.rows.shape)):
        return 1
    try:
        row = prepare(data.rows[:1], input_type)
    except UsageError:
        return 1  # columns that do not fit are refused by the check of the data against the model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            answer = estimator.predict(row)
        except Exception as error:  # user code in a pipeline can raise anything
            msg = f"the model must predict the rows of its test set; its predict raised {type(error).__name__}: {error}"
            hint = "check that the data has the columns, types and values that the model expects"
            raise LoadError(msg, hint) from error
    return int(answer.shape[1]) if getattr(answer, "ndim", 1) > 1 else 1


def _version_warning(name: str, loaded: Loaded) -> tuple[str, ...]:
    if loaded.written_with in {"", sklearn.__version__}:
        return ()
    versions = f"scikit-learn {loaded.written_with} and loaded by {sklearn.__version__}"
    return (f"{name} was written by {versions}: it may predict something else than where it was trained",)


def _writer(loaded: Loaded) -> dict[str, str]:
    """The version that wrote the file: a load without complaint means the same one, for scikit-learn's own classes."""
    own = type(loaded.content).__module__.startswith("sklearn.")
    version = loaded.written_with or (sklearn.__version__ if own else "")
    return {"written-with": version} if version else {}


def _many_warning(many: bool, outputs: int) -> tuple[str, ...]:  # noqa: FBT001 - private, named by its parameter
    if not many:
        return ()
    return (f"the model predicts {outputs} outputs with classes of their own; their probabilities are not measured",)
