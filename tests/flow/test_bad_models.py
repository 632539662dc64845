"""What is no model file, or none that may be loaded: one line with what must hold, what was found and what to do."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.flow.refusals import SUITE, Refusal
from tests.subjects import forest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.flow.conftest import Line
    from tests.flow.program import Program

needs_sklearn = pytest.mark.needs_plugin("sklearn")
needs_onnx = pytest.mark.needs_plugin("onnx")


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
