"""Outputs, command lines and plugins that are wrong: one line that says what must hold, and an exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.flow.program import ROOT, Program
from tests.flow.refusals import Refusal, pattern

if TYPE_CHECKING:
    from tests.flow.conftest import Line


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
    assert re.fullmatch(pattern(text), said), said


@pytest.mark.parametrize("budget", ["-1", "nan", "inf", "much"])
def test_a_budget_that_is_none(refusal: Refusal, line: Line, budget: str) -> None:
    code, said = refusal(*line.words[1:], "--budget", budget)
    assert code == 2
    assert "budget" in said


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
