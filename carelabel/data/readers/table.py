"""From a pandas DataFrame to columns, target and sensitive columns: what .csv and .parquet have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.data.columns import CategoryColumn, Column, PlainColumn, TextColumn
from carelabel.data.formats import TARGETS
from carelabel.data.parsed import Parsed, listed, require_names, wanted_names
from carelabel.data.rows import Rows
from carelabel.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from carelabel.data.facts import DataSource


def split_table(frame: pd.DataFrame, source: DataSource, role: str, warnings: tuple[str, ...] = ()) -> Parsed:
    """Part a table into features, target and sensitive columns.

    Raises:
        UsageError: If a named column is not there, no target can be told, or a column's type is none that models take.
    """
    names = [str(name) for name in frame.columns]
    frame = frame.set_axis(names, axis=1)
    target = _target_name(source, names, role)
    chosen, dropped = wanted_names(source, "features"), wanted_names(source, "drop")
    sensitive = wanted_names(source, "sensitive")
    for key, wanted in (("features", chosen), ("drop", dropped), ("sensitive", sensitive)):
        require_names(source, f"data.{role}.{key}", wanted, names)
    if target and target in {*chosen, *sensitive}:
        msg = f"the target {target!r} of {source.path.name} cannot be a feature or a sensitive column too"
        raise UsageError(msg)
    features = chosen or [name for name in names if name != target and name not in dropped]
    if not features:
        msg = f"{source.path.name} must have at least one feature column, found {listed(names)}"
        raise UsageError(msg)
    return Parsed(
        rows=Rows(columns={name: column_of(frame[name], name, source) for name in features}),
        target=raw_values(frame[target], target, source) if target else None,
        target_name=target,
        groups={name: _group(frame[name], name, source) for name in sensitive},
        warnings=warnings,
    )


def column_of(series: pd.Series, name: str, source: DataSource) -> Column:
    """One column in the kind its values have.

    Raises:
        UsageError: If they are of mixed types, or of one that models don't take.
    """
    dtype, kind = series.dtype, getattr(series.dtype, "kind", "O")
    if str(dtype) == "category":
        return _category(series, name, source)
    if kind in "iufb" and not series.isna().any():
        return PlainColumn(data=series.to_numpy(dtype=_native(dtype)), dtype=str(dtype))
    if kind in "iuf":
        return PlainColumn(data=series.to_numpy(dtype=np.float64, na_value=np.nan), dtype="float64")
    if kind in "Mm":
        return PlainColumn(data=_times(series), dtype=str(dtype))
    values = series.astype(object).to_numpy()
    missing = series.isna().to_numpy()
    kinds = {type(value) for value in values[~missing]}
    if kinds <= {bool, np.bool_} and kinds:
        truth = np.where(missing, np.False_, values).astype(bool)
        return PlainColumn(data=truth, dtype="bool", missing=missing)
    if not kinds <= {str}:
        found = listed(sorted(kind.__name__ for kind in kinds))
        msg = f"column {name!r} of {source.path.name} must hold numbers, truth values, times or text, found {found}"
        raise UsageError(msg, "convert it, or list it in drop")
    return TextColumn.of((None if gone else value for value, gone in zip(values, missing, strict=True)), str(dtype))


def raw_values(series: pd.Series, name: str, source: DataSource) -> NDArray[Any]:
    """(n,) values of a target: numbers (missing as NaN), or objects (missing as None)."""
    column = column_of(series, name, source)
    if isinstance(column, PlainColumn):
        return column.numbers(name) if column.data.dtype.kind not in "mM" else column.data
    values = column.plain("")
    if column.count_missing() and values.dtype.kind == "O":
        values = values.copy()
        values[series.isna().to_numpy()] = None
    return values


def _target_name(source: DataSource, names: list[str], role: str) -> str:
    if source.options.get("no_target"):
        return ""
    if source.target:
        require_names(source, f"data.{role}.target", [source.target], names)
        return source.target
    found = [name for name in names if name.lower() in TARGETS]
    if not found and source.options.get("target_optional"):
        return ""
    if len(found) != 1:
        msg = f"{source.path.name} must have a target column, and data.{role}.target names none; it has {listed(names)}"
        raise UsageError(msg, "name one, or write target: null if there is none")
    return found[0]


def _category(series: pd.Series, name: str, source: DataSource) -> CategoryColumn:
    categories = [value.item() if hasattr(value, "item") else value for value in series.cat.categories]
    if not all(isinstance(value, str | int | float | bool) for value in categories):
        msg = (
            f"the categories of column {name!r} of {source.path.name} must be text or numbers, found {categories[0]!r}"
        )
        raise UsageError(msg)
    codes = series.cat.codes.to_numpy(dtype=np.int32)
    return CategoryColumn(codes=codes, categories=tuple(categories), ordered=bool(series.cat.ordered))


def _times(series: pd.Series) -> NDArray[Any]:
    if getattr(series.dtype, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    values: NDArray[Any] = series.to_numpy()
    return values


def _native(dtype: Any) -> np.dtype[Any]:  # noqa: ANN401 - numpy's or pandas' own
    native: np.dtype[Any] = np.dtype(getattr(dtype, "numpy_dtype", dtype))
    return native


def _group(series: pd.Series, name: str, source: DataSource) -> NDArray[Any]:
    column = column_of(series, name, source)
    if isinstance(column, PlainColumn) and column.missing is None and column.data.dtype.kind not in "mM":
        return column.data
    text = series.astype(object).where(series.notna(), "(missing)")
    return np.array([str(value) for value in text], dtype=np.str_)
