"""``demo`` and ``init``: what they write, and what they leave alone."""

from __future__ import annotations

import json
import pickle
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from carelabel.cli import demo
from carelabel.errors import ConsentError, LoadError, UsageError
from tests.factories import make_model

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The training is left out, and everything it needs is there."""

    def train(folder: Path) -> None:
        for name in ("model.pkl", "train.npz", "test.npz"):
            (folder / name).touch()

    monkeypatch.setattr(demo, "_train", train)
    monkeypatch.setattr(demo, "NEEDS", ())


@pytest.mark.usefixtures("trained")
def test_the_demo_says_what_comes_next(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "a demo"
    ended = program("demo", folder)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        f"wrote model.pkl, meta.yaml, train.npz, test.npz to {folder}\n"
        f"next: carelabel run '{folder}/model.pkl' --meta '{folder}/meta.yaml' --trust-pickle\n"
    )
    assert yaml.safe_load((folder / "meta.yaml").read_text())["data"]["test"] == "test.npz"


@pytest.mark.usefixtures("trained")
def test_a_demo_replaces_an_earlier_one_and_nothing_else(program: Program, tmp_path: Path) -> None:
    program("demo", tmp_path)
    (tmp_path / "mine").write_text("mine")
    assert program("demo", tmp_path, "--json").code == 0
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("name", ["model.pkl", "meta.yaml", "test.npz"])
def test_files_of_the_user_are_left_alone(program: Program, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    ended = program("demo", tmp_path)
    assert ended.code == 2
    assert ended.err == (
        f"carelabel: error: {tmp_path} must not hold files of yours, but there is {name} (name another folder)\n"
    )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


def test_a_missing_package_is_one_line_with_the_command(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "NEEDS", ("a-package-that-nobody-has",))
    ended = program("demo", tmp_path / "demo")
    assert ended.code == 2
    assert ended.err == (
        "carelabel: error: the demo needs a-package-that-nobody-has, but not installed: a-package-that-nobody-has "
        "(pip install 'a-package-that-nobody-has')\n"
    )
    assert not (tmp_path / "demo").exists()


def test_a_training_that_fails_is_told(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "NEEDS", ())
    monkeypatch.setattr(sys, "executable", "/bin/false")
    ended = program("demo", tmp_path)
    assert ended.code == 2
    assert "the demo's training ended with status 1: no message" in ended.err


@pytest.mark.slow
def test_the_demo_s_model_is_good(program: Program, tmp_path: Path) -> None:
    np, _, _ = (pytest.importorskip(name) for name in ("numpy", "sklearn", "mlxtend"))
    assert program("demo", tmp_path).code == 0
    model = pickle.loads((tmp_path / "model.pkl").read_bytes())
    test, train = (np.load(tmp_path / name) for name in ("test.npz", "train.npz"))
    assert (test["X"].shape, train["X"].shape, len(model.estimators_)) == ((1000, 784), (4000, 784), 100)
    assert model.score(test["X"], test["y"]) > 0.92
    assert not (set(map(bytes, test["X"])) & set(map(bytes, train["X"])))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    model, data = tmp_path / "model.wood", tmp_path / "test.csv"
    model.write_bytes(b"WOOD")
    data.write_text("a,b,y\n1,2,0\n3,4,1\n")
    return model, data


def test_init_writes_guesses_when_nobody_agreed_to_load_the_model(
    program: Program, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object, **options: object) -> None:
        msg = "it can run code"
        raise ConsentError(msg, "carelabel trust")

    monkeypatch.setattr("carelabel.cli.init._inspect", refuse)
    model, data = files
    meta = tmp_path / "meta.yaml"
    ended = program("init", model, "--data", data, "-o", meta)
    assert ended.code == 0
    assert ended.out == f"wrote {meta}; look through it, then: carelabel run {model} --meta {meta}\n"
    assert ended.err == (
        "carelabel: the model was not looked into, task and target are guesses: it can run code (carelabel trust)\n"
    )
    written = yaml.safe_load(meta.read_text())
    assert (written["name"], written["data"]["test"]) == ("model", {"path": "test.csv", "target": "y"})


def test_init_tries_the_tasks_until_one_fits_the_data(
    program: Program, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inspect(*words: object, task: str, **options: object) -> object:
        if task != "regression":
            msg = f"the data are not for {task}"
            raise UsageError(msg)
        return make_model(task="regression", classes=())

    monkeypatch.setattr("carelabel.cli.init._inspect", inspect)
    model, data = files
    meta = tmp_path / "meta.yaml"
    ended = program("init", model, "--data", data, "-o", meta, "--json")
    assert json.loads(ended.out) == {"file": str(meta), "model_seen": True, "reason": ""}
    assert yaml.safe_load(meta.read_text())["task"] == "regression"


def test_init_never_overwrites(program: Program, files: tuple[Path, Path], tmp_path: Path) -> None:
    meta = tmp_path / "meta.yaml"
    meta.write_text("mine")
    ended = program("init", files[0], "--data", files[1], "-o", meta)
    assert ended.code == 2
    assert ended.err == (
        f"carelabel: error: the output {meta} must be a new file, but it is there already "
        "(name another with -o, or move it away)\n"
    )
    assert meta.read_text() == "mine"


def test_init_of_a_model_that_cannot_be_loaded_writes_nothing(
    program: Program, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*words: object, **options: object) -> None:
        msg = "it is broken"
        raise LoadError(msg)

    monkeypatch.setattr("carelabel.cli.init._inspect", fail)
    ended = program("init", files[0], "--data", files[1], "-o", tmp_path / "meta.yaml")
    assert (ended.code, ended.err) == (3, "carelabel: error: it is broken\n")
    assert not (tmp_path / "meta.yaml").exists()
