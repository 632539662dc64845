"""Plugin code that does everything wrong at once: each misdeed costs its own cell, and everything else is measured.

One run holds all of them. The table says what each cell must come to.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.flow.program import FAULTY, HERE, WITNESS, Ended, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.flow.conftest import Line

LIVE: Mapping[str, tuple[str, str | None, str]] = {
    "segfault": ("crashed", "segfault", "SIGSEGV"),
    "exit": ("crashed", "exit-0", "ended by exit(0)"),
    "sys-exit": ("crashed", "exit-1", "ended by exit(1)"),
    "hang": ("timed_out", "timeout", "no answer to 'run' within 1 s"),
    "noise": ("measured", None, ""),
    "flood": ("measured", None, ""),
    "raise": ("failed", "exception", "ValueError: the plugin's own words"),
    "base-exception": ("failed", "exception", "Panic"),
    "undeclared": ("failed", "undeclared-quantity", "(figure), got invented"),
    "no-measurement": ("failed", "wrong-type", "must give Measurement objects, got float"),
    "nothing": ("failed", "wrong-type", "got None"),
    "no-number": ("failed", "wrong-type", "much"),
    "hungry": ("failed", "out-of-memory", "MemoryError"),
    "stray-bytes": ("crashed", "not-json", "no JSON"),
    "closed-pipe": ("crashed", "closed-pipe", "closed its pipe"),
    "grandchild": ("measured", None, ""),
}
FRESH = {word: LIVE[word] for word in ("segfault", "hang", "raise", "stray-bytes")}
SCORER = {
    "segfault": ("crashed", "segfault", "SIGSEGV"),
    "exit": ("crashed", "exit-0", "ended by exit(0)"),
    "hang": ("timed_out", "timeout", "no answer to 'score' within 1 s"),
    "raise": ("failed", "exception", "ValueError: the plugin's own words"),
    "flood": ("measured", None, ""),
}
PAIRED: Mapping[str, tuple[str, str | None, str]] = {
    "setup-raises": ("failed", "exception", "ValueError: the plugin's own words"),
    "turn-segfaults": ("crashed", "segfault", "SIGSEGV"),
    "turn-hangs": ("timed_out", "timeout", "no answer to 'turn' within 1 s"),
    "statistic-raises": ("failed", "exception", "its pilot could not be evaluated: ValueError: the plugin's own words"),
    "summarise-exits": ("crashed", "exit-0", "ended by exit(0)"),
    "no-points": ("failed", "no-figures", "named no points"),
}
CELLS = {
    **{f"faulty.{word}": ending for word, ending in LIVE.items()},
    **{f"faulty.{word}-fresh": ending for word, ending in FRESH.items()},
    **{f"faulty.{word}-scorer": ending for word, ending in SCORER.items()},
    **{f"faulty.{word}": ending for word, ending in PAIRED.items()},
}
"""Tests of the original only: status, code and a part of the reason."""

METRICS: Mapping[str, tuple[str, str | None, str]] = {
    "metric-raises": ("measured", None, "not defined on these 40 rows"),
    "metric-segfaults": ("crashed", "segfault", "SIGSEGV"),
    "metric-nan": ("measured", None, "the figure is nan"),
    "metric-text": ("measured", None, "could not convert string to float: 'very good'"),
}
"""Metrics of every candidate; a value that is not there is null with a reason."""

CANDIDATES: Mapping[str, tuple[str, str]] = {
    "original": ("built", ""),
    "copy": ("built", ""),
    "bad-segfault": ("failed", "conversion failed: the worker died of SIGSEGV"),
    "bad-exit": ("failed", "conversion failed: the worker ended by exit(0)"),
    "bad-hang": ("failed", "conversion failed: no answer to 'convert' within 1 s"),
    "bad-raise": ("failed", "conversion failed: ValueError: the plugin's own words"),
    "bad-nothing": ("failed", "the converter must write its artefact"),
    "bad-elsewhere": ("failed", "the converter must write its artefact below"),
    "bad-other-format": ("failed", "the converter must write the format witness-copy, got stone"),
    "bad-flood": ("built", ""),
    "bad-different": ("failed", "claims to keep the model the same, but its answers differ"),
    "load-segfaults": ("failed", "prediction of the test rows crashed: the worker died of SIGSEGV"),
    "load-raises": ("failed", "prediction of the test rows failed: ValueError: the plugin's own words"),
    "predict-segfaults": ("failed", "prediction of the test rows crashed: the worker died of SIGSEGV"),
    "wrong-shape": ("failed", "predict must give an array of shape"),
    "wrong-type": ("failed", "predict must give numbers or text"),
    "prints": ("built", ""),
    "random": ("built", ""),
}
PREDICTED = ("original", "copy", "bad-flood", "bad-different", "prints", "random")
"""Candidates that answer the test rows: these are measured."""


class Faults:
    """The label of the one run, and how the run ended."""

    def __init__(self, program: Program, ended: Ended, label: dict[str, Any]) -> None:
        self.program, self.ended, self.label = program, ended, label

    def outcome(self, candidate: str, test: str) -> dict[str, Any]:
        found = [o for o in self.label["outcomes"] if (o["candidate"], o["test"]) == (candidate, test)]
        assert len(found) == 1, found
        return found[0]

    def figures(self, candidate: str, test: str) -> list[dict[str, Any]]:
        return [m for m in self.label["measurements"] if (m["candidate"], m["test"]) == (candidate, test)]


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory, make_line: Callable[[Path], Line]) -> Faults:
    base = tmp_path_factory.mktemp("faults")
    line, written = make_line(base / "line"), base / "label.json"
    program = Program(home=base / "home", lock=base, plugins=(WITNESS, FAULTY))
    words = ["run", line.model, "--meta", line.meta, "--suite", HERE / "faulty.yaml", "-o", written, "--json"]
    ended = program.run(*words)
    assert written.exists(), ended.err
    return Faults(program, ended, program.label(written))


def test_the_run_ends_with_a_label_and_says_that_something_did_not_come_out(faults: Faults) -> None:
    assert faults.ended.code == 1
    assert faults.ended.errors == []
    assert json.loads(faults.ended.out) == faults.label
    assert faults.label["problems"][0]["code"] == "nondeterministic"


@pytest.mark.parametrize("test", CELLS)
def test_a_test_that_goes_wrong_costs_its_own_cell(faults: Faults, test: str) -> None:
    status, code, text = CELLS[test]
    outcome = faults.outcome("original", test)
    assert outcome["status"] == status, outcome
    if status == "measured":
        (row,) = faults.figures("original", test)
        assert row["value"] == 1
        return
    assert outcome["reason"]["code"] == code, outcome
    assert text in outcome["reason"]["text"], outcome
    assert faults.figures("original", test) == []


@pytest.mark.parametrize("candidate", PREDICTED[:4])
@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_that_goes_wrong_costs_its_own_cell(faults: Faults, metric: str, candidate: str) -> None:
    status, code, text = METRICS[metric]
    outcome = faults.outcome(candidate, f"faulty.{metric}")
    assert outcome["status"] == status, outcome
    if status == "measured":
        (row,) = faults.figures(candidate, f"faulty.{metric}")
        assert row["value"] is None
        assert text in row["reason"]
    else:
        assert outcome["reason"]["code"] == code
        assert text in outcome["reason"]["text"]


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_candidate_that_goes_wrong_costs_only_itself(faults: Faults, candidate: str) -> None:
    status, text = CANDIDATES[candidate]
    (found,) = [item for item in faults.label["candidates"] if item["id"] == candidate]
    assert found["status"] == status, found["reason"]
    assert text in (found["reason"] or {"text": ""})["text"]
    assert {item["id"] for item in faults.label["candidates"]} == set(CANDIDATES)


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_everything_else_is_measured(faults: Faults, candidate: str) -> None:
    tests = ["witness.agreement", "witness.modules", "witness.waits", "witness.fresh", "witness.turns"]
    for test in tests:
        outcome = faults.outcome(candidate, test)
        if candidate in PREDICTED:
            assert outcome["status"] == "measured", outcome
            assert faults.figures(candidate, test)
        else:
            assert outcome["status"] == "skipped", outcome
            assert CANDIDATES[candidate][1] in outcome["reason"]["text"]


def test_what_is_not_the_same_model_says_so_on_every_figure(faults: Faults) -> None:
    rows = [row for row in faults.label["measurements"] if row["candidate"] == "bad-different"]
    assert rows
    assert all("not-the-same-model" in row["flags"] for row in rows)
    others = [row for row in faults.label["measurements"] if row["candidate"] != "bad-different"]
    assert not any("not-the-same-model" in row["flags"] for row in others)


def test_answers_that_change_are_reported_with_how_often(faults: Faults) -> None:
    (found,) = [item for item in faults.label["candidates"] if item["id"] == "random"]
    assert found["notes"]["nondeterministic"]["rows"] == 40
    assert found["notes"]["nondeterministic"]["repeat"] > 0
    assert found["parity"]["class"] == "different"


def test_a_flood_does_not_fill_the_disk(faults: Faults) -> None:
    for log in (faults.program.home / "runs").rglob("*.log"):
        assert log.stat().st_size < 3_000_000, log


def test_a_crash_names_a_log_that_tells_more(faults: Faults) -> None:
    (folder,) = (faults.program.home / "runs").iterdir()
    for outcome in faults.label["outcomes"]:
        if outcome["status"] in {"failed", "crashed", "timed_out"} and outcome["reason"]["code"] != "no-figures":
            assert (folder / outcome["log"]).is_file(), outcome
    assert "Segmentation fault" in (folder / faults.outcome("original", "faulty.segfault")["log"]).read_text()


def test_no_process_is_left(faults: Faults) -> None:
    faults.program.wait_until_alone()
