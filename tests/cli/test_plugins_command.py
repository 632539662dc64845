"""``list-…``, ``plugins list``, ``plugins check`` and ``doctor``, with plugins that lie on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carelabel.testing import CheckResult

if TYPE_CHECKING:
    from tests.cli.conftest import Program

DISTS = Path(__file__).parent.parent / "dists"


@pytest.fixture(autouse=True)
def _acme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DISTS / "good")


def ids(text: str) -> set[str]:
    return {item["id"] for item in json.loads(text)}


@pytest.mark.parametrize("kind", ["tests", "converters", "metrics", "backends", "meters"])
def test_every_list_is_there_for_people_and_for_machines(program: Program, kind: str) -> None:
    text, listed = program(f"list-{kind}"), program(f"list-{kind}", "--json")
    assert (text.code, listed.code) == (0, 0)
    assert text.out.startswith("ID ")
    assert {item["kind"] for item in json.loads(listed.out)} <= {kind.removesuffix("s")}
    assert all(identifier in text.out for identifier in ids(listed.out))


def test_filters_choose_what_is_for_a_word_or_for_any(program: Program) -> None:
    assert {"acme.wrong", "acme.also-wrong"} <= ids(program("list-metrics", "--json").out)
    assert "acme.wrong" in ids(program("list-metrics", "--task", "classification", "--family", "svm", "--json").out)
    assert "acme.wrong" not in ids(program("list-metrics", "--task", "regression", "--json").out)
    assert "acme.wrong" not in ids(program("list-metrics", "--hardware", "cuda", "--json").out)


def test_an_unknown_word_is_told_with_the_nearest(program: Program) -> None:
    ended = program("list-metrics", "--family", "random-forrest")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("carelabel: error: --family must be one of ")
    assert ended.err.endswith("; got 'random-forrest' (did you mean random-forest?)\n")


def test_plugins_are_listed_with_version_source_and_problems(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DISTS / "import_error")
    text = program("plugins", "list").out
    acme = next(line for line in text.splitlines() if line.startswith("acme "))
    assert acme.split()[:5] == ["acme", "1.0", "acme-plugin", "loaded", "2"]
    assert "import-failed" in text
    found = json.loads(program("plugins", "list", "--json").out)
    assert {"name": "acme", "status": "loaded", "source": str(DISTS / "good")}.items() <= next(
        plugin for plugin in found["plugins"] if plugin["name"] == "acme"
    ).items()
    assert [problem["code"] for problem in found["problems"] if problem["source"].startswith("broken")] == [
        "import-failed"
    ]


@pytest.mark.parametrize(("status", "code"), [("passed", 0), ("skipped", 0), ("failed", 1)])
def test_a_check_that_fails_is_exit_code_1(
    program: Program, monkeypatch: pytest.MonkeyPatch, status: str, code: int
) -> None:
    result = CheckResult(
        about="acme.wrong", check="perfect", sentence="best when right", status=status, message="got 2"
    )
    monkeypatch.setattr("carelabel.testing.check_plugin", lambda name: [result])
    ended = program("plugins", "check", "acme")
    assert ended.code == code
    assert ended.out.splitlines()[1:] == [f"{status}  acme.wrong  perfect  got 2", f"1 {status}"]
    assert json.loads(program("plugins", "check", "acme", "--json").out)[0]["status"] == status


def test_a_plugin_that_is_not_there_is_told(program: Program) -> None:
    ended = program("plugins", "check", "nope")
    assert (ended.code, ended.out) == (2, "")
    assert "got 'nope' (is its package installed in this environment?)" in ended.err


def test_doctor_says_what_there_is(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELABEL_HOME", str(tmp_path / "home"))
    found = json.loads(program("doctor", "--json").out)
    assert found["machine"]["processors"] >= 1
    assert "cpu" in found["machine"]["tags"]
    assert found["carelabel"]["home"] == {"path": str(tmp_path / "home"), "exists": False, "writable": True}
    assert found["carelabel"]["lock"]["state"] in {"free", "held"}
    assert "acme" in {plugin["name"] for plugin in found["plugins"]}
    assert all((sensor["grade"] is None) == (sensor["reason"] is not None) for sensor in found["sensors"])
    assert all(package["met"] or package["hint"].startswith("pip install ") for package in found["packages"])
    text = " ".join(program("doctor").out.split())
    assert "not made yet" in text
    assert "acme" in text


def test_doctor_tells_a_meter_s_reason_and_what_would_help(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(__file__).parent / "meters"
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)  # of the worker
    with_meters = json.loads(program("doctor", "--json").out)["sensors"]
    found = {sensor["id"]: sensor for sensor in with_meters if sensor["id"].startswith("metering.")}
    assert found["metering.working"] == {
        "id": "metering.working",
        "domain": "wall",
        "grade": "metered",
        "sensors": ["socket-1"],
        "reason": None,
    }
    assert found["metering.silent"]["grade"] is None
    assert found["metering.silent"]["reason"] == {"code": "no-counter", "text": "there is none", "hint": "buy one"}
    assert found["metering.broken"]["reason"]["text"].endswith("it broke")
    text = " ".join(program("doctor").out.split())
    assert "metering.silent (wall) none: no-counter: there is none (buy one)" in text
    assert "metering.working (wall) metered: socket-1" in text
