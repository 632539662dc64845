"""Whatever a user can get wrong: one line that says what must hold, what was found and what to do, and an exit code."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from carelabel.cli.app import main
from tests.flow.program import HERE, ROOT, WITNESS, Program
from tests.subjects import forest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flow.conftest import Line

needs_sklearn = pytest.mark.needs_plugin("sklearn")
needs_onnx = pytest.mark.needs_plugin("onnx")
SUITE = str(HERE / "line.yaml")


@pytest.fixture
def refusal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> Callable[..., tuple[int, str]]:
    """Run the program in this process with the witness plugin; gives exit code and the one line of its error."""
    monkeypatch.syspath_prepend(str(WITNESS))
    monkeypatch.setenv("PYTHONPATH", str(WITNESS))

    def run(*words: str | Path) -> tuple[int, str]:
        code = main(["run", *map(str, words), "-q"])
        said = capsys.readouterr()
        assert said.out == ""
        (line,) = said.err.splitlines()
        assert line.startswith("carelabel: error: ")
        assert not list(home.glob("runs/*")), "a run was begun"
        return code, line.removeprefix("carelabel: error: ")

    return run


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("CARELABEL_HOME", str(tmp_path / "own-home"))
    return tmp_path / "own-home"


Refusal = "Callable[..., tuple[int, str]]"


def _pattern(text: str) -> str:
    """{} stands for a word that depends on the test's data, ... for whatever else there is."""
    return re.escape(text).replace(re.escape("{}"), r"\S+").replace(re.escape("..."), ".*")


# ---- the model file --------------------------------------------------------------------------------------------------


def test_a_model_that_is_not_there(refusal: Refusal, line: Line) -> None:
    code, said = refusal(line.model.with_name("other.witness"), "--meta", line.meta)
    assert code == 2
    assert said == f"the model must be a file, but there is no {line.model.with_name('other.witness')} (check the path)"


def test_a_model_that_is_a_folder(refusal: Refusal, line: Line) -> None:
    code, said = refusal(line.model.parent, "--meta", line.meta)
    assert (code, said) == (2, f"the model must be a file, found the folder {line.model.parent} (name the file in it)")


def test_a_model_that_is_empty(refusal: Refusal, line: Line) -> None:
    line.model.write_bytes(b"")
    code, said = refusal(line.model, "--meta", line.meta)
    assert code == 3
    assert said == f"the model must be a file with a model in it, found the empty file {line.model} (save it again)"


def test_a_model_of_a_format_that_nobody_loads(refusal: Refusal, line: Line) -> None:
    path = line.model.rename(line.model.with_suffix(".stone"))
    code, said = refusal(path, "--meta", line.meta)
    assert code == 3
    assert re.fullmatch(
        rf"{re.escape(str(path))} must be a model file of a known format \(.*\.witness.*\) "
        r"\(carelabel list-backends shows what can be loaded\)",
        said,
    )


@pytest.fixture(scope="session")
def forest_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return forest(tmp_path_factory.mktemp("bad-input") / "forest").model.parent


@pytest.fixture
def forest_folder(forest_once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(forest_once, tmp_path / "forest")


@needs_sklearn
def test_a_pickle_without_consent(refusal: Refusal, forest_folder: Path) -> None:
    model = forest_folder / "model.pkl"
    code, said = refusal(model, "--meta", forest_folder / "meta.yaml")
    assert code == 2
    assert said == (
        f"{model} is of a format that can run code when it is loaded, and nobody has agreed to that "
        f"(if you trust its origin: carelabel trust {model}, or --trust-pickle)"
    )


WRONG_FILES: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "cut-pickle": (
        "model.pkl",
        lambda held: held[:1000],
        (
            r"\S+ must hold a pickled scikit-learn estimator; it ends too early or is damaged \(.*\) \(copy "
            r"or save it again\)"
        ),
    ),
    "text-as-pickle": (
        "model.pkl",
        lambda _: b"hello world\n",
        (
            r"\S+ must hold a pickled scikit-learn estimator; it holds text that begins with 'hello world' "
            r"\(check that this is the model file\)"
        ),
    ),
    "no-estimator": (
        "model.pkl",
        lambda _: pickle.dumps({"a": 1}),
        (
            r"\S+ must hold a scikit-learn estimator; it holds an object of type dict \(save the fitted "
            r"estimator itself, alone\)"
        ),
    ),
    "pickle-as-onnx": (
        "model.onnx",
        lambda held: held,
        r"\S+ must hold an ONNX graph; it holds a pickle \(check that this is the model file\)",
    ),
    "text-as-onnx": (
        "model.onnx",
        lambda _: b"hello world\n",
        (
            r"\S+ must hold an ONNX graph; it holds text that begins with 'hello world' \(check that this is "
            r"the model file\)"
        ),
    ),
    "cut-onnx": (
        "model.onnx",
        lambda _: _graph()[:40],
        (
            r"\S+ must hold an ONNX graph; its bytes cannot be parsed, so it is cut off or of another format "
            r"\(copy or export the file again\)"
        ),
    ),
}


def _graph() -> bytes:
    from onnx import TensorProto, helper  # noqa: PLC0415 - only where it is needed

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 6]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "same", ends[:1], ends[1:])
    found: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9
    ).SerializeToString()
    return found


@needs_sklearn
@needs_onnx
@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_file_that_holds_something_else(refusal: Refusal, forest_folder: Path, case: str) -> None:
    name, change, text = WRONG_FILES[case]
    model = forest_folder / name
    model.write_bytes(change((forest_folder / "model.pkl").read_bytes()))
    code, said = refusal(model, "--meta", forest_folder / "meta.yaml", "--trust-pickle")
    assert code == 3
    assert re.fullmatch(text, said), said


@needs_sklearn
def test_a_pickle_of_another_version_is_loaded_with_a_warning_or_refused_with_both_versions(
    program: Program, forest_folder: Path
) -> None:
    import sklearn  # noqa: PLC0415 - only where it is needed

    model = forest_folder / "model.pkl"
    held = model.read_bytes()
    mine = sklearn.__version__.encode()
    assert held.count(mine) == 1
    model.write_bytes(held.replace(mine, b"0.9.8".ljust(len(mine), b"0")[: len(mine)]))
    words = ["run", model, "--meta", forest_folder / "meta.yaml", "--suite", SUITE]
    words += ["--only", "witness.agreement", "--only", "original"]
    ended = program.run(*words, "--trust-pickle", "--json", "-q")
    if ended.code == 3:
        assert "0.9.8" in ended.last_line
        assert sklearn.__version__ in ended.last_line
        return
    assert ended.code == 0, ended.err
    label = json.loads(ended.out)
    (warning,) = label["subject"]["warnings"]
    assert warning == (
        f"model.pkl was written by scikit-learn 0.9.8 and loaded by {sklearn.__version__}: "
        "it may predict something else than where it was trained"
    )
    assert warning in [problem["text"] for problem in label["problems"]]


# ---- the metadata ----------------------------------------------------------------------------------------------------

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
    assert re.fullmatch(_pattern(text), said), said


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


# ---- the data --------------------------------------------------------------------------------------------------------


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
    assert re.fullmatch(_pattern(text), said), said


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
    assert re.fullmatch(_pattern(text), said), said


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


# ---- the output ------------------------------------------------------------------------------------------------------


def test_an_output_below_a_file(refusal: Refusal, line: Line) -> None:
    code, said = refusal(*line.words[1:], "-o", line.model / "label.json")
    assert code == 2
    assert said == (
        f"the output {line.model / 'label.json'} must be a file that can be written, but: "
        f"there is no folder {line.model} (name another with -o)"
    )


def test_an_output_that_is_a_folder(refusal: Refusal, line: Line) -> None:
    code, said = refusal(*line.words[1:], "-o", line.meta.parent)
    assert code == 2
    assert said == (
        f"the output {line.meta.parent} must be a file that can be written, but: it is a folder (name another with -o)"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_an_output_that_is_full_at_the_end_loses_nothing(program: Program, line: Line) -> None:
    ended = program.run(*line.words, "-q", "-o", "/dev/full")
    assert ended.code == 2
    (said,) = ended.errors
    found = re.search(r"No space left on device \(the label is kept: carelabel show (\S+) --json\)", said)
    assert found, said
    label = json.loads(program.run("show", found[1], "--json").out)
    assert {outcome["status"] for outcome in label["outcomes"]} == {"measured"}


@pytest.mark.parametrize("place", ["below-a-file", "nowhere"])
def test_a_home_that_cannot_be_written(
    refusal: Refusal, line: Line, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    home = line.model / "home" if place == "below-a-file" else Path("/proc/nothing")
    monkeypatch.setenv("CARELABEL_HOME", str(home))
    code, said = refusal(*line.words[1:])
    assert code == 2
    assert said.startswith(f"CARELABEL_HOME must be a folder that can be written, got {home}: ")
    assert said.endswith("(set CARELABEL_HOME to another folder)")


# ---- the command line ------------------------------------------------------------------------------------------------

WORDS: dict[str, tuple[list[str], str]] = {
    "--only": (
        ["--only", "witness.agrement"],
        (
            "--only must name a test, metric, converter, candidate or platform of this plan, got 'witness.agrement' "
            "(did you mean witness.agreement?)"
        ),
    ),
    "--set of a test that is not there": (
        ["--set", "witness.agrement.x=1"],
        (
            "--set must name an installed test, metric or converter, got 'witness.agrement' (did you mean "
            "witness.agreement?)"
        ),
    ),
    "--set of a parameter that is not there": (
        ["--set", "witness.agreement.x=1"],
        "witness.agreement has the parameters none, got 'x' (carelabel plan --explain lists the ids)",
    ),
    "--skip": (
        ["--skip", "original"],
        "the original must be measured, got --skip original (parity and ratios refer to it)",
    ),
    "--suite": (["--suite", "quik"], "--suite must be one of ... or a YAML file, got 'quik' (did you mean quick?)"),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_command_line_that_is_wrong(refusal: Refusal, line: Line, case: str) -> None:
    words, text = WORDS[case]
    code, said = refusal(*line.words[1:], *words)
    assert code == 2
    assert re.fullmatch(_pattern(text), said), said


@pytest.mark.parametrize("budget", ["-1", "nan", "inf", "much"])
def test_a_budget_that_is_none(refusal: Refusal, line: Line, budget: str) -> None:
    code, said = refusal(*line.words[1:], "--budget", budget)
    assert code == 2
    assert "budget" in said


# ---- plugins ---------------------------------------------------------------------------------------------------------

DISTS = ROOT / "tests" / "dists"
PLUGINS = {"import_error": "import-failed", "clash": "clash", "too_new": "too-new"}


def test_broken_clashing_and_too_new_plugins_are_problems_on_the_label(program: Program, line: Line) -> None:
    folders = tuple(DISTS / name for name in PLUGINS)
    others = Program(home=program.home, lock=program.lock, plugins=(*program.plugins, *folders))
    ended = others.run(*line.words, "-q", "--json")
    assert ended.code == 0, ended.err
    label = json.loads(ended.out)
    assert {outcome["status"] for outcome in label["outcomes"]} == {"measured"}
    problems = {problem["code"]: problem for problem in label["problems"]}
    assert set(PLUGINS.values()) <= set(problems)
    for code in PLUGINS.values():
        assert problems[code]["source"]
        assert problems[code]["hint"], problems[code]
        assert "must" in problems[code]["text"], problems[code]


@pytest.mark.parametrize("name", PLUGINS)
def test_with_strict_plugins_the_first_problem_is_an_error(program: Program, line: Line, name: str) -> None:
    strict = Program(home=program.home, lock=program.lock, plugins=(*program.plugins, DISTS / name))
    ended = strict.run("--strict-plugins", *line.words, "-q")
    assert ended.code == 2
    (said,) = ended.errors
    assert " must " in said
