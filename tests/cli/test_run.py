"""``run`` and ``plan`` as the command line: what is asked of the pipeline, and what is made of its answer."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from carelabel import pipeline
from carelabel.errors import LoadError
from carelabel.label.schema import Label
from carelabel.options import RunOptions, Setting
from tests.render.labels import candidate, make_label

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from carelabel.execute.progress import Progress
    from carelabel.label.requirements import Requirement
    from tests.cli.conftest import Program

WHOLE = {"outcomes": [], "candidates": [candidate("original", parent=None)]}


class Pipeline:
    """Stands for `carelabel.pipeline`: keeps what it is asked and gives a label."""

    def __init__(self) -> None:
        self.asked: list[RunOptions] = []
        self.label: dict[str, Any] = make_label(**WHOLE)
        self.error: BaseException | None = None
        self.requirements: list[str] = []

    def run(self, options: RunOptions, *, progress: Progress, requirements: Sequence[Requirement]) -> Label:
        self.asked.append(options)
        self.requirements = [item.text for item in requirements]
        progress.phase("measuring", 2)
        if self.error is not None:
            raise self.error
        return Label.model_validate(self.label)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    fake = Pipeline()
    monkeypatch.setattr(pipeline, "run", fake.run)
    return fake


def test_every_word_reaches_the_pipeline(program: Program, pipe: Pipeline, tmp_path: Path) -> None:
    words = [
        "run",
        "model.wood",
        "--meta",
        "meta.yaml",
        "--suite",
        "full",
        "--only",
        "a.*",
        "--only",
        "b",
        "--skip",
        "c",
    ]
    words += ["--set", "a.b=2", "--budget", "1.5", "--resume", "--trust-pickle", "--seed", "3"]
    assert program("--no-plugins", "x", *words).code == 0
    (asked,) = pipe.asked
    assert (str(asked.model), str(asked.meta), asked.suite, asked.seed) == ("model.wood", "meta.yaml", "full", 3)
    assert (asked.only, asked.skip, asked.disabled) == (("a.*", "b"), ("c",), ("x",))
    assert asked.settings == (Setting(test="a", parameter="b", value=2),)
    assert (asked.budget_s, asked.resume, asked.trust_pickle, asked.strict_plugins) == (1.5, True, True, False)
    assert asked.argv == ("carelabel", "--no-plugins", "x", *words)


def test_little_is_asked_by_default(program: Program, pipe: Pipeline) -> None:
    program("run", "model.wood", "--meta", "meta.yaml")
    (asked,) = pipe.asked
    assert (asked.suite, asked.only, asked.skip, asked.settings, asked.budget_s) == ("quick", (), (), (), None)
    assert (asked.resume, asked.trust_pickle, asked.seed) == (False, False, 0)


def test_the_label_goes_to_stdout_and_progress_to_stderr(program: Program, pipe: Pipeline) -> None:
    ended = program("run", "m", "--meta", "y")
    assert ended.out.startswith("Model ")
    assert ended.err == "carelabel: measuring (2 steps)\n"


def test_json_is_all_there_is_on_stdout(program: Program, pipe: Pipeline) -> None:
    ended = program("run", "m", "--meta", "y", "--json", "-q")
    assert json.loads(ended.out) == pipe.label
    assert ended.err == ""


def test_the_label_is_written_where_o_says(program: Program, pipe: Pipeline, tmp_path: Path) -> None:
    path = tmp_path / "label.json"
    program("run", "m", "--meta", "y", "-o", path)
    assert Label.model_validate_json(path.read_bytes()) == Label.model_validate(pipe.label)


@pytest.mark.parametrize("status", ["failed", "crashed", "timed_out"])
def test_a_cell_that_did_not_come_out_is_exit_code_1(program: Program, pipe: Pipeline, status: str) -> None:
    outcome = {"candidate": "original", "platform": None, "test": "acme.bend", "status": status}
    pipe.label = make_label(**{**WHOLE, "outcomes": [outcome]})
    assert program("run", "m", "--meta", "y").code == 1


def test_a_candidate_that_failed_is_exit_code_1_and_what_was_skipped_is_not(program: Program, pipe: Pipeline) -> None:
    pipe.label = make_label(**{**WHOLE, "candidates": [candidate("wood", status="failed")]})
    assert program("run", "m", "--meta", "y").code == 1
    pipe.label = make_label(**{**WHOLE, "candidates": [candidate("wood", status="skipped")]})
    assert program("run", "m", "--meta", "y").code == 0


@pytest.mark.parametrize("place", ["missing/label.json", ".", "file/label.json"])
def test_an_output_that_cannot_be_written_is_told_before_anything_is_measured(
    program: Program, pipe: Pipeline, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    ended = program("run", "m", "--meta", "y", "-o", tmp_path / place)
    assert (ended.code, ended.out, pipe.asked) == (2, "", [])
    assert ended.err.startswith(
        f"carelabel: error: the output {tmp_path / place} must be a file that can be written, but: "
    )


def test_a_folder_that_is_read_only_is_told_before_anything_is_measured(
    program: Program, pipe: Pipeline, tmp_path: Path
) -> None:
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write everywhere")
    ended = program("run", "m", "--meta", "y", "-o", tmp_path / "label.json")
    tmp_path.chmod(0o700)
    assert (ended.code, pipe.asked) == (2, [])
    assert "but: permission denied" in ended.err


def test_an_output_that_fails_at_the_end_loses_nothing(
    program: Program, pipe: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def run_and_remove(options: RunOptions, **others: Any) -> Label:
        folder.rmdir()
        return pipe.run(options, **others)

    monkeypatch.setattr(pipeline, "run", run_and_remove)
    ended = program("run", "m", "--meta", "y", "-o", folder / "label.json")
    assert ended.code == 2
    assert ended.err.endswith(
        "must be a file that can be written, but: No such file or directory "
        f"(the label is kept: carelabel show {pipe.label['id']} --json)\n"
    )
    assert ended.out.startswith("Model ")


def test_a_model_that_cannot_be_loaded_is_exit_code_3(program: Program, pipe: Pipeline) -> None:
    pipe.error = LoadError("m must be a model, found none", "save it again")
    ended = program("run", "m", "--meta", "y", "-q")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == "carelabel: error: m must be a model, found none (save it again)\n"


def test_ctrl_c_before_anything_was_measured_promises_nothing(program: Program, pipe: Pipeline) -> None:
    pipe.error = KeyboardInterrupt()
    ended = program("run", "m", "--meta", "y", "-q")
    assert (ended.code, ended.err) == (130, "carelabel: error: interrupted\n")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--set", "a"), "--set must be TEST.PARAM=VALUE, got 'a'"),
        (("--budget", "-1"), "Invalid value for '--budget'"),
        (("--seed", "x"), "Invalid value for '--seed'"),
    ],
)
def test_a_word_that_cannot_be_read_is_told_before_anything_is_measured(
    program: Program, pipe: Pipeline, words: tuple[str, ...], text: str
) -> None:
    ended = program("run", "m", "--meta", "y", *words)
    assert (ended.code, ended.out, pipe.asked) == (2, "", [])
    assert ended.err.startswith(f"carelabel: error: {text}")
    assert ended.err.count("\n") == 1


def test_a_requirement_on_a_cell_that_crashed_is_not_met(program: Program, pipe: Pipeline) -> None:
    crashed = {
        "candidate": "original",
        "platform": "cpu-1t",
        "test": "acme.latency",
        "status": "crashed",
        "reason": {"code": "segfault", "text": "the worker died of SIGSEGV"},
    }
    meanings = {"acme.latency.latency_p50": "half of the calls"}
    pipe.label = make_label(**{**WHOLE, "outcomes": [crashed]}, measurements=[], quantities=meanings)
    ended = program("run", "m", "--meta", "y", "-q", "--require", "latency_p50 < 2ms")
    assert (ended.code, pipe.requirements) == (4, ["latency_p50 < 2ms"])
    assert ended.err == (
        "carelabel: error: original has no latency_p50: acme.latency crashed: the worker died of SIGSEGV "
        "(carelabel recommend shows how near each form comes)\n"
    )


def test_a_models_name_does_not_steer_the_terminal(program: Program, pipe: Pipeline) -> None:
    pipe.label["subject"]["name"] = "a\x1b]52;c;aGk=\x07b\x9b2J\nc"
    ended = program("run", "m", "--meta", "y", "-q")
    assert "Model a\ufffd]52;c;aGk=\ufffdb\ufffd2J c: Forest" in " ".join(ended.out.split())
    assert not set(ended.out) & set("\x1b\x07\x9b")
