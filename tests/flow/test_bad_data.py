"""Data that are wrong, or do not fit the model: one line that says what must hold and what was found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from tests.flow.refusals import Refusal, pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flow.conftest import Line


def _with_gap(y: np.ndarray) -> np.ndarray:
    return np.where(np.arange(len(y)) == 7, np.nan, y)


ARRAYS: dict[str, tuple[Callable[[Any, Any], dict[str, Any]], str]] = {
    "NaN in the truth": (
        lambda x, y: {"X": x, "y": _with_gap(y)},
        (
            "the target 'y' of test.npz must have a value in every row, found 1 of 40 rows without "
            "(remove or fill in these rows, the first is row 7)"
        ),
    ),
    "labels unseen in training": (
        lambda x, y: {"X": x, "y": y + 1},
        (
            "labels of test.npz must be known from the training data (0, 1), found also 2 ({} rows) "
            "(correct these rows or take them out)"
        ),
    ),
    "more columns": (
        lambda x, y: {"X": np.hstack([x, x]), "y": y},
        "a row of test.npz must have the shape of the training data, [2], found [4]",
    ),
    "less labels": (
        lambda x, y: {"X": x, "y": y[:7]},
        "the target 'y' of test.npz must have a value for each of 40 rows, found 7",
    ),
    "no rows": (lambda x, y: {"X": x[:0], "y": y[:0]}, "test.npz must hold at least one row, found none"),
}


def _write_test_set(line: Line, change: Callable[[Any, Any], dict[str, Any]]) -> None:
    path = line.meta.parent / "test.npz"
    with np.load(path) as held:
        changed = change(held["X"], held["y"])
    np.savez(path, **changed)


@pytest.mark.parametrize("case", ARRAYS)
def test_data_that_are_wrong(refusal: Refusal, line: Line, case: str) -> None:
    change, text = ARRAYS[case]
    _write_test_set(line, change)
    code, said = refusal(line.model, "--meta", line.meta)
    assert code == 2
    assert re.fullmatch(pattern(text), said), said


WITHOUT_TRAINING: dict[str, tuple[Callable[[Any, Any], dict[str, Any]], str]] = {
    "labels the model does not know": (
        lambda x, y: {"X": x, "y": y + 1},
        (
            "labels of test.npz must be classes of the model (0, 1), found 2 ({} rows) "
            "(write them as in training, or take these rows out)"
        ),
    ),
    "more columns": (
        lambda x, y: {"X": np.hstack([x, x]), "y": y},
        (
            "a row of test.npz must have the 2 features that the model takes, found 4 "
            "(check that data and model belong together, and which columns are target or dropped)"
        ),
    ),
}


@pytest.mark.parametrize("case", WITHOUT_TRAINING)
def test_data_that_do_not_fit_the_model(refusal: Refusal, line: Line, case: str) -> None:
    change, text = WITHOUT_TRAINING[case]
    _write_test_set(line, change)
    content = {"name": "line", "task": "classification", "data": {"test": "test.npz"}}
    line.meta.write_text(yaml.safe_dump(content), encoding="utf-8")
    code, said = refusal(line.model, "--meta", line.meta)
    assert code == 2
    assert re.fullmatch(pattern(text), said), said


def test_a_data_file_that_holds_something_else(refusal: Refusal, line: Line) -> None:
    (line.meta.parent / "test.npz").write_text("no archive")
    code, said = refusal(line.model, "--meta", line.meta)
    assert (code, said) == (2, "test.npz must be an .npz file, found something else (say what it is with format)")


def test_a_table_with_other_columns(refusal: Refusal, line: Line) -> None:
    folder = line.meta.parent
    (folder / "train.csv").write_text("a,b,y\n" + "1,2,0\n2,1,1\n" * 5)
    (folder / "test.csv").write_text("a,c,y\n" + "1,2,0\n2,1,1\n" * 5)
    content = {
        "name": "line",
        "task": "classification",
        "data": {"test": "test.csv", "train": "train.csv", "target": "y"},
    }
    line.meta.write_text(yaml.safe_dump(content), encoding="utf-8")
    code, said = refusal(line.model, "--meta", line.meta)
    assert code == 2
    assert said == (
        "test.csv must have the columns of the training data; missing: b; extra: c "
        "(rename the columns, or list the extra ones in data.test.drop)"
    )
