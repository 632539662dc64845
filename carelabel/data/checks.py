"""Checks of a data set against the metadata and against the training data. A contradiction shows both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carelabel.data.parsed import listed
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carelabel.data.columns import Label
    from carelabel.data.facts import DataFacts
    from carelabel.model.facts import Declared

SHARE_TOLERANCE: Final = 0.005
"""How far a declared share may be from the data's: shares are written with two decimals."""

_LEAVE_OUT: Final = "correct it, or leave it out: it is derived from the data"


def check_declared(facts: DataFacts, declared: Declared, name: str, *, test: bool) -> None:
    """Compare with what the metadata claims; samples and distribution are claims about the test set.

    Raises:
        UsageError: At the first contradiction.
    """
    if declared.input_shape is not None and tuple(declared.input_shape) != facts.shape:
        msg = f"data.input_shape says {list(declared.input_shape)}, but a row of {name} has {list(facts.shape)}"
        raise UsageError(msg, _LEAVE_OUT)
    if declared.classes is not None:
        check_labels(facts, declared.classes, name, "data.classes")
    if not test:
        return
    if declared.samples is not None and declared.samples != facts.rows:
        msg = f"data.samples says {declared.samples}, but {name} has {facts.rows} rows"
        raise UsageError(msg, _LEAVE_OUT)
    if declared.distribution is not None and facts.distribution:
        _check_distribution(facts, declared.distribution, name)


def check_labels(facts: DataFacts, known: Iterable[Label], name: str, where: str) -> None:
    """Refuse labels of the data that are not among the known ones.

    Args:
        known: All classes there can be.
        where: Where they are from, such as ``the training data`` or ``the model``.

    Raises:
        UsageError: If the data has others; names them with their numbers of rows.
    """
    classes = tuple(known)
    unseen = [label for label in facts.classes if label not in classes]
    if unseen:
        found = listed(f"{label!r} ({facts.distribution.get(str(label), 0)} rows)" for label in unseen)
        msg = f"labels of {name} must be known from {where} ({listed(map(repr, classes))}), found also {found}"
        raise UsageError(msg, "correct these rows or take them out")


def check_like(facts: DataFacts, reference: DataFacts, name: str) -> tuple[str, ...]:
    """Compare the test set with the training set.

    Returns:
        Warnings, one line each.

    Raises:
        UsageError: If columns, the shape of a row or labels differ.
    """
    missing = [column for column in reference.columns if column not in facts.columns]
    extra = [column for column in facts.columns if column not in reference.columns]
    if facts.columns and reference.columns and (missing or extra):
        msg = f"{name} must have the columns of the training data; missing: {listed(missing)}; extra: {listed(extra)}"
        raise UsageError(msg, "rename the columns, or list the extra ones in data.test.drop")
    if facts.shape != reference.shape:
        must, found = list(reference.shape), list(facts.shape)
        msg = f"a row of {name} must have the shape of the training data, {must}, found {found}"
        raise UsageError(msg)
    if facts.classes and reference.classes:
        check_labels(facts, reference.classes, name, "the training data")
    return (*_changed_types(facts, reference, name), *_same_file(facts, reference, name))


def _check_distribution(facts: DataFacts, declared: Mapping[str, float], name: str) -> None:
    total = sum(declared.values())
    shares = total <= 1 + SHARE_TOLERANCE * len(declared) and facts.rows > 1
    found = {label: count / facts.rows if shares else count for label, count in facts.distribution.items()}
    for label in [*declared, *(label for label in found if label not in declared)]:
        says, has = declared.get(label, 0), found.get(label, 0)
        if abs(says - has) > (SHARE_TOLERANCE if shares else 0):
            msg = f"data.distribution says {says:g} for class {label}, but {name} has {has:.6g}"
            raise UsageError(msg, _LEAVE_OUT)


def _changed_types(facts: DataFacts, reference: DataFacts, name: str) -> tuple[str, ...]:
    before = dict(zip(reference.columns, reference.dtypes, strict=False))
    after = dict(zip(facts.columns, facts.dtypes, strict=False))
    return tuple(
        f"column {column!r} is {after[column]} in {name} but {before[column]} in the training data"
        for column in facts.columns
        if column in before and _is_text(before[column]) != _is_text(after[column])
    )


def _is_text(dtype: str) -> bool:
    return dtype in {"str", "string", "object", "category"}


def _same_file(facts: DataFacts, reference: DataFacts, name: str) -> tuple[str, ...]:
    if facts.sha256 != reference.sha256 or facts.target != reference.target:
        return ()
    return (f"{name} is also the training data: its quality figures say little about new data",)
