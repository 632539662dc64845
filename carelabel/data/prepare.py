"""Read a data file once, check it, and lay it down for the workers. Runs in the inspector."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from carelabel.data.checks import check_declared, check_like
from carelabel.data.columns import Column, Label, PlainColumn
from carelabel.data.facts import DataFacts
from carelabel.data.folder import write_folder
from carelabel.data.formats import FORMATS, READERS, SUFFIXES, format_of
from carelabel.data.parsed import Parsed, listed
from carelabel.data.rows import DataSet, Rows, Sparse
from carelabel.data.target import as_declared, check_target, classes_of
from carelabel.data.tree import size_of
from carelabel.errors import CareLabelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from carelabel.data.facts import DataSource
    from carelabel.model.facts import Declared

Role = Literal["test", "train"]

_BLOCK_ROWS: Final = 65_536
_NEED_TARGET: Final = frozenset({"classification", "regression"})
"""Tasks whose table must have a target unless the metadata says that there is none."""


def lay_down(  # noqa: PLR0913 - one name each for what is given
    source: DataSource, folder: Path, *, task: str, declared: Declared, role: Role, reference: DataFacts | None = None
) -> DataFacts:
    """Read `source`, check it and write it to `folder`, as a whole or not at all.

    Args:
        source: The file, with target and options from the metadata.
        folder: Where the rows shall lie; `carelabel.data.rows.DataSet.open` opens it.
        task: Decides what the target must be.
        declared: Claims of the metadata, checked.
        role: ``train`` is laid down first, so that ``test`` can be compared with it.
        reference: Facts of the training set, for the test set.

    Returns:
        The facts, with the folder.

    Raises:
        UsageError: If the file cannot be read, or contradicts the metadata or the training data.
    """
    optional = replace(source, options={**source.options, "target_optional": task not in _NEED_TARGET})
    parsed = _like_reference(read_source(optional, role), reference)
    target = _target(parsed, source, task, declared)
    missing, infinite = _bad_values(parsed.rows)
    facts, warnings = _facts(source, parsed, target, task, missing), list(parsed.warnings)
    facts = replace(facts, all_classes=_all_classes(facts, declared, reference))
    check_declared(facts, declared, source.path.name, test=role == "test")
    if reference is not None:
        warnings += check_like(facts, reference, source.path.name)
    warnings += _feature_warnings(parsed.rows, facts, infinite, source.path.name)
    facts = replace(facts, folder=str(folder), warnings=tuple(warnings))
    write_folder(folder, DataSet(rows=parsed.rows, target=target, groups=parsed.groups, facts=facts))
    return facts


def read_source(source: DataSource, role: Role) -> Parsed:
    """Read a data file by its format.

    Raises:
        UsageError: If the format is unknown, or the file is not of its format, changed or without rows.
    """
    name, kind = source.path.name, source.options.get("format") or format_of(source.path) or ""
    if kind not in READERS:
        msg = f"a data file must end in one of {', '.join(SUFFIXES)}, found {name}"
        raise UsageError(msg, f"or say which it is: format: {' | '.join(FORMATS)}")
    size = size_of(source.path)
    if size != source.bytes:
        found = "it is gone" if size is None else f"it had {source.bytes} bytes and now has {size}"
        msg = f"{name} must stay as it is during a run, but {found}"
        raise UsageError(msg, "start again")
    module, function = READERS[kind].split(":")
    try:
        parsed: Parsed = getattr(import_module(module), function)(source, role)
    except (CareLabelError, MemoryError):
        raise
    except Exception as error:  # whatever libraries raise about a broken file: it is the data's fault, not the model's
        msg = f"{name} must be readable as {kind}, found {type(error).__name__}: {error}"
        raise UsageError(msg, "save it again, or say which format it is") from error
    if len(parsed.rows) == 0:
        msg = f"{name} must hold at least one row, found none"
        raise UsageError(msg)
    return parsed


def _like_reference(parsed: Parsed, reference: DataFacts | None) -> Parsed:
    """Columns in the order of the training data; sparse rows as wide as there."""
    if reference is None:
        return parsed
    rows = parsed.rows
    if isinstance(rows.held, Sparse) and len(reference.shape) == 1 and rows.held.width < reference.shape[0]:
        return replace(parsed, rows=Rows(sparse=replace(rows.held, width=reference.shape[0])))
    if not isinstance(rows.held, dict) or rows.names == reference.columns or set(rows.names) != set(reference.columns):
        return parsed
    columns: dict[str, Column] = {name: rows.held[name] for name in reference.columns}
    warning = "the columns stood in another order than in the training data and were put into that order"
    return replace(parsed, rows=Rows(columns=columns), warnings=(*parsed.warnings, warning))


def _target(parsed: Parsed, source: DataSource, task: str, declared: Declared) -> NDArray[Any] | None:
    if parsed.target is None:
        return None
    place = f"{parsed.target_name!r} of {source.path.name}"
    if len(parsed.target) != len(parsed.rows):
        msg = f"the target {place} must have a value for each of {len(parsed.rows)} rows, found {len(parsed.target)}"
        raise UsageError(msg)
    target = check_target(parsed.target, task=task, place=place)
    return as_declared(target, declared.classes) if task == "classification" else target


def _facts(source: DataSource, parsed: Parsed, target: NDArray[Any] | None, task: str, missing: int) -> DataFacts:
    rows = parsed.rows
    classes, distribution = classes_of(target) if target is not None and task == "classification" else ((), {})
    return DataFacts(
        sha256=source.sha256,
        bytes=source.bytes,
        rows=len(rows),
        features=int(np.prod(rows.shape, dtype=np.int64)),
        shape=rows.shape,
        container=rows.container,
        dtypes=_dtypes(rows),
        columns=rows.names,
        classes=classes,
        distribution=distribution,
        target=parsed.target_name if target is not None else "",
        sensitive=tuple(parsed.groups),
        missing=missing,
    )


def _all_classes(facts: DataFacts, declared: Declared, reference: DataFacts | None) -> tuple[Label, ...]:
    if not facts.classes or declared.classes is not None:
        return tuple(declared.classes or ()) if facts.classes else ()
    if reference is None or not set(facts.classes) <= set(reference.classes):
        return facts.classes
    return reference.classes


def _dtypes(rows: Rows) -> tuple[str, ...]:
    if isinstance(rows.held, dict):
        return tuple(column.dtype for column in rows.held.values())
    return (str(rows.held.data.dtype if isinstance(rows.held, Sparse) else rows.held.dtype),)


def _feature_warnings(rows: Rows, facts: DataFacts, infinite: int, name: str) -> Iterator[str]:
    if facts.missing:
        where = ""
        if isinstance(rows.held, dict):
            where = f" in {listed(name for name, column in rows.held.items() if column.count_missing())}"
        yield f"{facts.missing} values of the features of {name} are missing{where}; a model may refuse them"
    if infinite:
        yield f"{infinite} values of the features of {name} are infinite; a model may refuse them"
    if not facts.target:
        yield f"{name} has no target: what needs labels cannot be measured"


def _bad_values(rows: Rows) -> tuple[int, int]:
    """Numbers of missing and of infinite values."""
    held = rows.held
    if isinstance(held, dict):
        missing = sum(column.count_missing() for column in held.values())
        return missing, sum(_infinite(column.data) for column in held.values() if isinstance(column, PlainColumn))
    values = held.data if isinstance(held, Sparse) else held
    if values.dtype.kind != "f":
        return 0, 0
    # in blocks, so that a mapped array is never held as a whole
    blocks = [values[start : start + _BLOCK_ROWS] for start in range(0, len(values), _BLOCK_ROWS)]
    return sum(int(np.isnan(block).sum()) for block in blocks), sum(_infinite(block) for block in blocks)


def _infinite(values: NDArray[Any]) -> int:
    return int(np.isinf(values).sum()) if values.dtype.kind == "f" else 0
