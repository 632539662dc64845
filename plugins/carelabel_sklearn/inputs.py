"""What an estimator takes, and how rows are brought to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sklearn.utils import get_tags

from carelabel.errors import UsageError
from carelabel.model.facts import InputType
from carelabel_sklearn.families import FLOAT32_TREES, family_of, searched

if TYPE_CHECKING:
    from carelabel.data.facts import Container
    from carelabel.data.rows import Rows


def input_type_of(estimator: Any, rows: Rows) -> InputType:  # noqa: ANN401 - any estimator
    """The type in which this estimator gets rows like these.

    Trees, forests and gradient boosting round their inputs to float32 whatever they are given, so they get float32 and
    are spared the copy. Everything else computes in float64. A Pipeline takes a frame when it picks columns by name or
    when a column is no number; other estimators that were fitted on a frame give the same answers on its array.
    One that begins with a text vectoriser takes the texts of the data's one column.

    Raises:
        UsageError: If it takes texts and the data has several columns.
    """
    if takes_text(estimator):
        return InputType(container="text", dtype="object", shape=(), columns=(_text_column(rows),))
    names = tuple(map(str, getattr(estimator, "feature_names_in_", ())))
    rounds_to = _rounds_to(estimator)
    if names and (_picks_columns(estimator) or not _all_numbers(rows)):
        return InputType(container="frame", dtype="", shape=(len(names),), columns=names, rounds_to=rounds_to)
    width = getattr(estimator, "n_features_in_", None)
    shape = (int(width),) if width is not None else (math.prod(rows.shape),)
    container: Container = "csr" if rows.container == "csr" and _takes_sparse(estimator) else "array"
    dtype = "float32" if rounds_to == "float32" and family_of(estimator) != "pipeline" else "float64"
    return InputType(container=container, dtype=dtype, shape=shape, columns=names, rounds_to=rounds_to)


def prepare(rows: Rows, wanted: InputType) -> Any:  # noqa: ANN401 - the container depends on the model
    """Bring rows to the wanted type; named columns are put into the order in which the estimator learned them.

    Missing text is the empty text.

    Returns: A DataFrame, a CSR matrix, a C-contiguous (n, features) array, or an (n,) object array of str.

    Raises:
        UsageError: If a column that the estimator learned is missing, or is no number where numbers are needed.
    """
    if wanted.container == "text":
        return _texts(rows, wanted.columns[0])
    order = _order(rows, wanted)
    if wanted.container == "frame":
        frame = rows.frame()
        return frame if order is None else frame.iloc[:, order]
    if wanted.container == "csr":
        return rows.csr().astype(wanted.dtype)
    array = rows.array(None if order is not None else wanted.dtype).reshape(len(rows), -1)
    return array if order is None else array[:, order].astype(wanted.dtype, order="C")


def _order(rows: Rows, wanted: InputType) -> list[int] | None:
    """Where the wanted columns lie in the rows, None when they lie there already or have no names."""
    if not wanted.columns or not rows.names or rows.names == wanted.columns:
        return None
    if missing := [name for name in wanted.columns if name not in rows.names]:
        msg = (
            f"the data must have the columns that the model was fitted with; missing "
            f"{', '.join(map(repr, missing[:5]))} among {', '.join(map(repr, rows.names[:5]))}"
        )
        raise UsageError(msg, "rename the columns of the data file as they were in training")
    return [rows.names.index(name) for name in wanted.columns]


def _rounds_to(estimator: Any) -> str:  # noqa: ANN401 - as above
    if family_of(estimator) == "pipeline":
        # Its first step rounds: what later steps do to their own inputs is inside the model.
        first = searched(estimator).steps[0][1]
        return _rounds_to(first) if len(searched(estimator).steps) == 1 else "float64"
    return "float32" if family_of(estimator) in FLOAT32_TREES else "float64"


def _picks_columns(estimator: Any) -> bool:  # noqa: ANN401 - as above
    outer = searched(estimator)
    if family_of(outer) != "pipeline":
        return False
    steps = [step for _, step in outer.steps if step is not None]
    return any(type(step).__name__ == "ColumnTransformer" or _picks_columns(step) for step in steps)


def _all_numbers(rows: Rows) -> bool:
    if rows.container != "frame":
        return True
    try:
        rows[:1].array()
    except UsageError:  # the reader's answer to a column of text or times
        return False
    return True


def _takes_sparse(estimator: Any) -> bool:  # noqa: ANN401 - as above
    """Whether every step does: one that centres its inputs does not, and libsvm's only if they were fitted on such."""
    steps = [estimator, *(step for _, step in getattr(searched(estimator), "steps", ()))]
    fitted_on_arrays = any(getattr(searched(step), "_sparse", None) is False for step in steps)
    return bool(get_tags(searched(estimator)).input_tags.sparse) and not fitted_on_arrays


def takes_text(estimator: Any) -> bool:  # noqa: ANN401 - as above
    """Whether it begins with a vectoriser of texts, which takes a sequence of str instead of a table."""
    outer = searched(estimator)
    if family_of(outer) == "pipeline":
        steps = [step for _, step in outer.steps if step not in {None, "passthrough"}]
        return bool(steps) and takes_text(steps[0])
    if union := getattr(outer, "transformer_list", None):
        return any(takes_text(part) for _, part in union if hasattr(part, "get_params"))
    if not hasattr(outer, "__sklearn_tags__"):
        return False
    tags = get_tags(outer).input_tags
    return bool(tags.string and not tags.two_d_array)


def _text_column(rows: Rows) -> str:
    """Name of the data's one column; empty for an array of text, which has none."""
    if math.prod(rows.shape) != 1:
        shown = ", ".join(map(repr, rows.names[:5])) or f"{math.prod(rows.shape)} of them"
        msg = f"the model takes one column of text, so the data must have one feature column, found {shown}"
        raise UsageError(msg, "choose it with data.test.features")
    return rows.names[0] if rows.names else ""


def _texts(rows: Rows, name: str) -> Any:  # noqa: ANN401 - an (n,) object array
    """The texts; only the column that was found at first is asked for, so that files may have others."""
    held = rows.columns(missing_text="")
    values = held[name if name in held else _text_column(rows) or "0"].reshape(-1)
    if values.dtype.kind not in "OU":
        msg = f"the model takes text, but the data's column {name or 0!r} holds {values.dtype.name}"
        raise UsageError(msg, "choose the column of text with data.test.features")
    return values.astype(object)
