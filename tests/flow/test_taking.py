"""``carelabel take``: the files of a form, exactly as they were measured."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from tests.flow.program import HERE, Program
from tests.subjects import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.flow.conftest import Line
    from tests.flow.program import Ended


@pytest.fixture
def of_a_line(program: Program, line: Line, tmp_path: Path) -> Path:
    """A label with the form ``copy``."""
    written = tmp_path / "label.json"
    assert program.run(*line.words, "-o", written, "-q").code == 0
    return written


def described(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "form.json").read_text(encoding="utf-8"))
    return found


def test_what_is_taken_is_what_was_measured(program: Program, of_a_line: Path, tmp_path: Path) -> None:
    label = program.label(of_a_line)
    (candidate,) = [item for item in label["candidates"] if item["id"] == "copy"]
    for number, word in enumerate((of_a_line, label["id"][:12])):
        folder = tmp_path / str(number)
        ended = program.run("take", word, "copy", "-o", folder)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.splitlines() == [f"copy as it was measured, in {folder}:", "  form.json", "  model.witness"]
        assert sha256((folder / "model.witness").read_bytes()).hexdigest() == candidate["sha256"]
        found = described(folder)
        assert (found["id"], found["path"], found["label"]) == ("copy", "model.witness", label["id"])
        assert (found["parity"], found["classes"]) == ("identical", [0, 1])
        assert found["input"] == {
            "container": "array",
            "dtype": "float64",
            "shape": [2],
            "columns": [],
            "rounds_to": "",
        }


def test_without_a_folder_it_is_named_after_model_and_form(program: Program, of_a_line: Path) -> None:
    ended = program.run("take", of_a_line, "copy", "--json")
    found = json.loads(ended.out)
    assert found == {
        "form": "copy",
        "folder": str(program.lock / "line-copy"),
        "files": ["form.json", "model.witness"],
        "usage": "",
    }
    again = program.run("take", of_a_line, "copy")
    assert (again.code, len(again.errors)) == (2, 1)
    assert "must be a new or empty folder, but something is there already" in again.err


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("original", "got 'original', which is the model file itself (built: copy)"),
        ("onnx", "the form must be one that the label has, got 'onnx' (built: copy)"),
        ("../../etc", "the form must be one that the label has, got '../../etc' (built: copy)"),
    ],
)
def test_a_form_that_cannot_be_taken_is_one_line(program: Program, of_a_line: Path, form: str, said: str) -> None:
    ended = program.run("take", of_a_line, form)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert said in ended.err


def test_a_form_that_was_not_built_is_said(program: Program, of_a_line: Path) -> None:
    document = json.loads(of_a_line.read_bytes())
    for item in document["candidates"]:
        item["status"] = "failed"
    of_a_line.write_text(json.dumps(document))
    ended = program.run("take", of_a_line, "copy")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert "the form must be one that was built, and 'copy' was not (built: none)" in ended.err


def damage(home: Path) -> None:
    (path,) = home.glob("cache/artefacts/*/model.witness")
    path.write_text(path.read_text() + " ")


def forget(home: Path) -> None:
    shutil.rmtree(home / "cache")


def spoil(home: Path) -> None:
    (path,) = home.glob("cache/artefacts/*/built.json")
    path.write_text("[]")


@pytest.mark.parametrize("change", [damage, forget, spoil])
def test_files_that_are_gone_or_changed_are_not_taken(
    program: Program, of_a_line: Path, change: Callable[[Path], None], tmp_path: Path
) -> None:
    change(program.home)
    ended: Ended = program.run("take", of_a_line, "copy", "-o", tmp_path / "out")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert "the files of copy must be in the cache as they were measured, found none in" in ended.err
    assert "carelabel run builds them again" in ended.err
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_is_one_line(program: Program, of_a_line: Path) -> None:
    ended = program.run("take", of_a_line, "copy", "-o", of_a_line / "below")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)


FORMS = ("onnx.skl2onnx", "treelite.checkpoint", "hummingbird.jit", "fastinference.native")


@pytest.mark.needs_plugin("sklearn", "onnx", "treelite", "hummingbird", "fastinference")
@pytest.mark.filterwarnings("ignore:.torch.jit.load. is deprecated:DeprecationWarning")
def test_every_form_answers_by_what_is_written_beside_it(tmp_path: Path) -> None:
    import joblib  # noqa: PLC0415 - heavy imports wait until the test runs

    case, program = SUBJECTS["forest"](tmp_path / "forest"), Program(home=tmp_path / "home", lock=tmp_path)
    content = yaml.safe_load((HERE / "one-platform.yaml").read_text(encoding="utf-8"))
    content |= {"tests": {"include": ["resources.size"]}, "converters": {"kinds": [], "include": list(FORMS)}}
    (tmp_path / "suite.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    words = ["run", case.model, "--meta", case.meta, "--suite", tmp_path / "suite.yaml", "--trust-pickle", "-q"]
    assert program.run(*words, "-o", tmp_path / "label.json").code == 0
    forms = [item["id"] for item in program.label(tmp_path / "label.json")["candidates"]]
    with np.load(case.model.with_name("test.npz"), allow_pickle=True) as data:
        rows = data["X"]
    original = joblib.load(case.model)
    assert len(forms) == 1 + len(FORMS)
    for form in forms[1:]:
        folder = tmp_path / form
        ended = program.run("take", tmp_path / "label.json", form, "-o", folder)
        assert ended.code == 0, ended.err
        found = described(folder)
        assert found["usage"] in ended.out
        assert (found["task"], found["classes"]) == ("classification", list(original.classes_))
        given = {"path": str(folder / found["path"]), "rows": rows.astype(found["input"]["dtype"])}
        exec(found["usage"], given)  # noqa: S102 - this is what a user would do
        assert _labels(given["answers"], len(rows)) == original.predict(rows).tolist(), form


def _labels(answers: Any, rows: int) -> list[Any]:
    """Engines give labels, or probabilities, or both, or those of one output of several."""
    first = np.asarray(answers[0] if isinstance(answers, list | tuple) else answers)
    return (first if first.size == rows else first.reshape(rows, -1).argmax(axis=1)).tolist()
