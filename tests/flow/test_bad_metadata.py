"""Metadata that are wrong: one line that says where, what must hold and what was found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.flow.refusals import Refusal, pattern

if TYPE_CHECKING:
    from tests.flow.conftest import Line

DATA = {"test": "test.npz", "train": "train.npz"}
METADATA: dict[str, tuple[object, str]] = {
    "unknown key": (
        {"colour": "red", "data": DATA},
        "meta.yaml: colour is not a key that is known here (known here: name, task, framework, family, data, limits)",
    ),
    "misspelt key": (
        {"data": {"tset": "test.npz"}},
        "meta.yaml: data.tset is not a key that is known here; 1 more after this (did you mean test?)",
    ),
    "wrong type": ({"name": 7, "data": DATA}, "meta.yaml: name must be text, found 7 (put it in quotes)"),
    "no mapping": (
        {"data": {"test": 5}},
        (
            "meta.yaml: data.test must be a mapping, found 5 "
            "(its keys are path, format, target, features, drop, sensitive, ...)"
        ),
    ),
    "negative limit": (
        {"data": DATA, "limits": {"timing_rows": -4}},
        "meta.yaml: limits.timing_rows must be at least 1, found -4",
    ),
    "not a number": (
        {"data": {**DATA, "distribution": {0: float("nan")}}},
        "meta.yaml: data.distribution[0] must be a number of rows or a share, at least 0, found nan",
    ),
    "wrong shape": (
        {"data": {**DATA, "input_shape": [3]}},
        "data.input_shape says [3], but a row of {} has [2] (correct it, or leave it out: it is derived from the data)",
    ),
    "wrong samples": (
        {"data": {**DATA, "samples": 5}},
        "data.samples says 5, but test.npz has 40 rows (correct it, or leave it out: it is derived from the data)",
    ),
    "wrong distribution": (
        {"data": {**DATA, "distribution": {0: 1, 1: 39}}},
        (
            "data.distribution says 1 for class 0, but test.npz has {} (correct it, or leave it out: it is "
            "derived from the data)"
        ),
    ),
    "wrong classes": (
        {"data": {**DATA, "classes": [0, 1, 2]}},
        (
            "data.classes says 0, 1, 2, but the model knows 0, 1 (correct it, or leave it out: it is derived "
            "from the model)"
        ),
    ),
    "wrong task": (
        {"task": "regression", "data": DATA},
        "{}: task must be what the model is, classification, got regression (correct it)",
    ),
    "wrong framework": (
        {"framework": "torch", "data": DATA},
        "{}: framework must be what the model is, witness, got torch (correct framework or leave it out)",
    ),
    "wrong family": (
        {"family": "svm", "data": DATA},
        "{}: family must be what the model is, linear, got svm (correct family or leave it out)",
    ),
    "no data file": (
        {"data": {"test": "other.npz"}},
        (
            "meta.yaml: data.test must be a file, but there is no {} (relative paths start at the folder of "
            "the metadata file)"
        ),
    ),
    "no target": (
        {"data": {**DATA, "target": "z"}},
        "target must name an array of {}, found 'z', which it does not have (there are: X, y)",
    ),
    "no sensitive column": (
        {"data": {**DATA, "sensitive": ["sex"]}},
        "sensitive must name an array of {}, found 'sex', which it does not have (there are: X, y)",
    ),
    "text": (
        "some words",
        "meta.yaml: the metadata must be a mapping, found 'some words' (carelabel init MODEL writes a first one)",
    ),
    "nothing": (
        "",
        "meta.yaml: the metadata must be a mapping, found an empty file (carelabel init MODEL writes a first one)",
    ),
    "no YAML": (
        "a: [1",
        (
            "meta.yaml: the metadata must be valid YAML, found in line 1, column 6: expected ',' or ']', but "
            "got '<stream end>'"
        ),
    ),
}


@pytest.mark.parametrize("case", METADATA)
def test_metadata_that_are_wrong(refusal: Refusal, line: Line, case: str) -> None:
    content, text = METADATA[case]
    if isinstance(content, dict):
        content = yaml.safe_dump({"name": "line", "task": "classification", **content})
    line.meta.write_text(str(content), encoding="utf-8")
    code, said = refusal(line.model, "--meta", line.meta)
    assert code == 2
    assert re.fullmatch(pattern(text), said), said


def test_metadata_that_are_not_there(refusal: Refusal, line: Line) -> None:
    line.meta.unlink()
    code, said = refusal(line.model, "--meta", line.meta)
    assert code == 2
    assert (
        said
        == f"the metadata must be a YAML file, but there is no {line.meta} (carelabel init MODEL writes a first one)"
    )


def test_metadata_that_are_not_given(refusal: Refusal, line: Line) -> None:
    code, said = refusal(line.model)
    assert (code, said) == (2, "Missing option '--meta' / '-m'. (see carelabel run --help)")
