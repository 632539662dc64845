"""Do the data fit the model? Asked once, when both are known: a wrong file is one line then, and not many failures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from carelabel.data.facts import DataFacts, DataSource
    from carelabel.model.facts import ModelFacts, Submission

_SHOWN = 5


def check_data(submission: Submission, model: ModelFacts, test: DataFacts, train: DataFacts | None) -> None:
    """Hold that the model can take the rows, and that it can give the classes that the data hold.

    Raises:
        UsageError: If columns, width or classes differ; both sides are shown.
    """
    _check_claimed_classes(submission, model)
    for source, data in ((submission.test, test), (submission.train, train)):
        if source is not None and data is not None:
            _check_columns(source, data, model)
            _check_classes(source, data, model)


def _check_claimed_classes(submission: Submission, model: ModelFacts) -> None:
    claimed = submission.declared.classes
    if claimed is None or not model.classes or model.outputs != 1 or set(claimed) == set(model.classes):
        return
    msg = f"data.classes says {_list(claimed)}, but the model knows {_list(model.classes)}"
    raise UsageError(msg, "correct it, or leave it out: it is derived from the model")


def _check_columns(source: DataSource, data: DataFacts, model: ModelFacts) -> None:
    if model.feature_names and data.columns:
        missing = [name for name in model.feature_names if name not in data.columns]
        if missing:
            msg = (
                f"{source.path.name} must have the columns that the model takes; "
                f"missing: {_list(missing)}; there are: {_list(data.columns)}"
            )
            raise UsageError(msg, "name the columns of the data file as they were in training")
        return
    width = math.prod(data.shape)
    if model.n_features is not None and width != model.n_features:
        msg = (
            f"a row of {source.path.name} must have the {model.n_features} features that the model takes, found {width}"
        )
        raise UsageError(msg, "check that data and model belong together, and which columns are target or dropped")


def _check_classes(source: DataSource, data: DataFacts, model: ModelFacts) -> None:
    if not model.classes or model.outputs != 1:
        return
    strange = [each for each in data.classes if each not in model.classes]
    if strange:
        found = ", ".join(f"{each!r} ({data.distribution.get(str(each), 0)} rows)" for each in strange[:_SHOWN])
        more = f" and {len(strange) - _SHOWN} more" if len(strange) > _SHOWN else ""
        msg = f"labels of {source.path.name} must be classes of the model ({_list(model.classes)}), found {found}{more}"
        raise UsageError(msg, "write them as in training, or take these rows out")


def _list(values: tuple[object, ...] | list[str]) -> str:
    text = ", ".join(map(str if all(isinstance(value, str) for value in values) else repr, values[:_SHOWN]))
    return text + (f", ... ({len(values)} in all)" if len(values) > _SHOWN else "")
