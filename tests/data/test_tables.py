"""Rows come to a model as a table in its own order of columns."""

from __future__ import annotations

import numpy as np
import pytest

from carelabel.data.coded import classes_of_codes
from carelabel.data.rows import Rows
from carelabel.data.tables import as_in_data, table_of
from carelabel.errors import LoadError, UsageError
from carelabel.model.facts import InputType

X = np.arange(6.0).reshape(2, 3)


def wanted(*columns: str, width: int = 3) -> InputType:
    return InputType(container="array", dtype="float32", shape=(width,), columns=columns, rounds_to="float32")


def test_columns_are_put_into_the_order_of_the_model() -> None:
    rows = Rows(array=X, names=("a", "b", "c"))
    table = table_of(rows, wanted("c", "a", "b"))
    assert table.dtype == np.float32
    assert table.flags.c_contiguous
    np.testing.assert_array_equal(table, X[:, [2, 0, 1]])
    np.testing.assert_array_equal(as_in_data(table, rows, ("c", "a", "b")), X)


def test_a_model_takes_some_of_the_columns_by_name() -> None:
    rows = Rows(array=X, names=("a", "b", "c"))
    table = table_of(rows, wanted("c", width=1))
    np.testing.assert_array_equal(table, X[:, [2]])
    assert as_in_data(table, rows, ("c",)) is table


def test_without_names_the_order_is_that_of_the_data() -> None:
    np.testing.assert_array_equal(table_of(Rows(array=X), wanted("x", "y", "z")), X)


@pytest.mark.parametrize(
    ("rows", "model", "words"),
    [
        (Rows(array=X), wanted(width=4), "as many columns as the model takes, 4; it has 3"),
        (Rows(array=X, names=("a", "b", "c")), wanted("a", "q", "c"), "missing 'q' among 'a', 'b', 'c'"),
    ],
)
def test_data_that_does_not_fit_is_refused_in_one_line(rows: Rows, model: InputType, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        table_of(rows, model)


@pytest.mark.parametrize(
    ("count", "found", "classes"),
    [
        (3, (0, 1, 2), (0, 1, 2)),
        (3, (0, 2), (0, 1, 2)),
        (3, ("a", "b", "c"), ("a", "b", "c")),
        (2, (False, True), (False, True)),
        (2, (1, 2), (1, 2)),
    ],
)
def test_codes_stand_for_themselves_or_for_the_sorted_classes(
    count: int, found: tuple[int | str, ...], classes: tuple[int | str, ...]
) -> None:
    given, warnings = classes_of_codes(count, found, "model.json")
    assert given == classes
    assert bool(warnings) == (classes != tuple(range(count)) or isinstance(found[0], bool))


def test_classes_that_cannot_be_told_are_refused() -> None:
    with pytest.raises(LoadError, match=r"model.json tells 3 classes apart, .* it holds 2 \(use a test set"):
        classes_of_codes(3, ("a", "b"), "model.json")
