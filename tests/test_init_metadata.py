"""`carelabel init` writes a first metadata file that `carelabel run` takes as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from carelabel.errors import UsageError
from carelabel.model.facts import InputType, ModelFacts, Submission
from carelabel.model.metadata import read_submission
from carelabel.model.template import TargetGuess, first_metadata, guess_target, read_columns

FACTS = ModelFacts(
    framework="scikit-learn",
    format="pickle",
    family="pipeline",
    estimator="Pipeline",
    task="regression",
    input_type=InputType(container="frame", dtype="", shape=(2,), columns=("age", "city")),
    n_features=2,
    feature_names=("age", "city"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "house prices.pkl").write_bytes(b"model")
    (tmp_path / "test.csv").write_text("id,age,city,price\n1,2,Rome,3\n")
    return tmp_path


def written(folder: Path, text: str) -> Submission:
    (folder / "meta.yaml").write_text(text, encoding="utf-8")
    return read_submission(folder / "house prices.pkl", folder / "meta.yaml")


def test_what_is_written_can_be_read(folder: Path) -> None:
    submission = written(folder, first_metadata(folder / "house prices.pkl", folder / "test.csv", "price"))
    assert submission.declared.name == "house prices"
    assert submission.declared.task == "classification"
    assert (submission.test.path, submission.test.target) == (folder / "test.csv", "price")
    assert (submission.declared.framework, submission.train, submission.limits.timing_rows) == (None, None, 10_000)


def test_facts_of_the_model_say_task_target_and_what_to_drop(folder: Path) -> None:
    text = first_metadata(folder / "house prices.pkl", folder / "test.csv", facts=FACTS)
    submission = written(folder, text)
    declared = submission.declared
    assert (declared.task, declared.framework, declared.family) == ("regression", "scikit-learn", "pipeline")
    assert (submission.test.target, submission.test.options["drop"]) == ("price", ["id"])
    assert "target: price  # a guess: check it" in text


def test_a_given_target_is_no_guess(folder: Path) -> None:
    text = first_metadata(folder / "house prices.pkl", folder / "test.csv", "id", facts=FACTS)
    assert "    target: id\n" in text
    assert "    drop: [price]" in text


def test_the_examples_in_its_comments_hold_too(folder: Path) -> None:
    text = first_metadata(folder / "house prices.pkl", folder / "test.csv")
    lines = [
        line.replace("# ", "", 1) if line.startswith("  # ") and "train:" not in line else line
        for line in text.splitlines()
    ]
    declared = written(folder, "\n".join(line for line in lines if not line.startswith("  Derived"))).declared
    assert (declared.input_shape, declared.classes, declared.samples) == ((784,), ("A", "B"), 1000)


def test_archives_and_names_that_yaml_would_misread(folder: Path) -> None:
    np.savez(folder / "no.npz", X=np.ones((1, 1)), y=np.ones(1))
    (folder / "house prices.pkl").rename(folder / "no.pkl")
    text = first_metadata(folder / "no.pkl", folder / "no.npz")
    (folder / "meta.yaml").write_text(text)
    submission = read_submission(folder / "no.pkl", folder / "meta.yaml")
    assert (submission.declared.name, submission.test.target) == ("no", "y")


def test_data_elsewhere_is_written_as_an_absolute_path(folder: Path) -> None:
    (folder / "sub").mkdir()
    assert f"path: {folder / 'test.csv'}" in first_metadata(Path("m.pkl"), folder / "test.csv", folder=folder / "sub")


@pytest.mark.parametrize(
    ("columns", "features", "expected"),
    [
        ((), (), TargetGuess(target=None)),
        (("a", "Label", "z"), (), TargetGuess(target="Label")),
        (("a", "b", "price"), (), TargetGuess(target="price")),
        (("id", "a", "y"), ("a",), TargetGuess(target="y", drop=("id",))),
        (("y", "a", "b"), ("y", "a"), TargetGuess(target="b")),
        (("a", "b"), ("x",), TargetGuess(target="b")),
        (("a", "b"), ("a", "b"), TargetGuess(target=None)),
    ],
)
def test_guessing_the_target(columns: tuple[str, ...], features: tuple[str, ...], expected: TargetGuess) -> None:
    assert guess_target(columns, features) == expected


def test_columns_in_plain_sight(folder: Path) -> None:
    np.savez(folder / "t.npz", X=np.ones(1), y=np.ones(1))
    (folder / "t.libsvm").write_text("1 1:1\n")
    (folder / "index.csv").write_text(",a;1,b\n")
    assert read_columns(folder / "test.csv") == ("id", "age", "city", "price")
    assert read_columns(folder / "t.npz") == ("X", "y")
    assert read_columns(folder / "t.libsvm") == ()
    assert read_columns(folder / "index.csv") == ("a;1", "b")


def test_images_have_keys_of_their_own(folder: Path) -> None:
    (folder / "pets.zip").write_bytes(b"PK")
    (folder / "pets" / "cat").mkdir(parents=True)
    (folder / "pets" / "cat" / "1.png").write_bytes(b"")
    for data in ("pets", "pets.zip"):
        text = first_metadata(folder / "m.pkl", folder / data)
        assert "drop" not in text
        wanted = {"layout": "nhwc", "colour": "rgb", "resample": "bilinear"}
        assert written(folder, text).test.options == {"format": "images", "images": wanted}
        lines = [line.replace("# ", "", 1) if line.startswith("      #") else line for line in text.splitlines()]
        assert written(folder, "\n".join(lines)).test.options["images"]["divide"] == 255


def test_bad_input(folder: Path) -> None:
    (folder / "t.npz").write_bytes(b"no archive")
    for data, target, expected in (
        (
            "no.csv",
            None,
            f"the data must be a file or a folder of images, but there is no {folder / 'no.csv'} (check the path)",
        ),
        ("test.csv", "cost", "the target must be in test.csv, found 'cost' (there are: id, age, city, price)"),
        ("t.npz", None, "t.npz must be a readable .npz archive, found: File is not a zip file (save it again)"),
    ):
        with pytest.raises(UsageError) as caught:
            first_metadata(folder / "m.pkl", folder / data, target)
        assert str(caught.value) == expected
