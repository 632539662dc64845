"""Data that a model cannot take are one line, not many failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from carelabel.data.facts import DataSource
from carelabel.errors import UsageError
from carelabel.inspection.data_check import check_data
from carelabel.model.facts import Declared
from tests.factories import make_data, make_model, make_submission

TRAIN = DataSource(path=Path("/models/train.npz"), sha256="e" * 64, bytes=1)


@pytest.mark.parametrize(
    ("model", "data", "text"),
    [
        ({"n_features": 5}, {}, "a row of test.npz must have the 5 features that the model takes, found 4"),
        (
            {"feature_names": ("age", "sex")},
            {"columns": ("years", "sex"), "shape": (2,)},
            "test.npz must have the columns that the model takes; missing: age; there are: years, sex",
        ),
        (
            {},
            {"classes": (0, 1, 7), "distribution": {"7": 3}},
            "labels of test.npz must be classes of the model (0, 1, 2), found 7 (3 rows)",
        ),
        ({}, {"classes": ("0", "1")}, "labels of test.npz must be classes of the model (0, 1, 2), found '0'"),
    ],
)
def test_both_sides_are_shown(model: dict[str, Any], data: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_data(make_submission(), make_model(**model), make_data(**data), None)
    assert refused.value.message.startswith(text)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("model", "data"),
    [
        ({}, {}),
        ({"n_features": None}, {"shape": (3, 8, 8)}),
        ({"n_features": 192}, {"shape": (3, 8, 8)}),
        ({"feature_names": ("a",), "n_features": 1}, {"columns": ("b", "a"), "shape": (2,)}),
        ({"classes": ()}, {"classes": ("x",)}),
        ({"outputs": 2}, {"classes": (9,)}),
        ({}, {"classes": (2,)}),
        ({"classes": (0.0, 1.0)}, {"classes": (0, 1)}),
    ],
)
def test_what_the_model_can_take_passes(model: dict[str, Any], data: dict[str, Any]) -> None:
    check_data(make_submission(), make_model(**model), make_data(**data), None)


def test_training_data_are_held_to_the_same() -> None:
    submission = make_submission(train=TRAIN)
    with pytest.raises(UsageError, match=r"a row of train\.npz must have"):
        check_data(submission, make_model(), make_data(), make_data(shape=(9,)))


def test_classes_that_the_metadata_claims_are_those_of_the_model() -> None:
    submission = make_submission(declared=Declared(name="a forest", task="classification", classes=(0, 1)))
    with pytest.raises(UsageError, match=r"data\.classes says 0, 1, but the model knows 0, 1, 2"):
        check_data(submission, make_model(), make_data(), None)
