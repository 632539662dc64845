"""What happens to a run that is killed or interrupted, and to two runs at once."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.process import process_tree
from tests.flow.program import WITNESS, Ended, Program, Stop, end, wait_for_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.conftest import Line

Key = tuple[str, str | None, str]

CELLS: set[Key] = {
    (candidate, "cpu-1t" if test in {"modules", "fresh", "turns"} else None, f"witness.{test}")
    for candidate in ("original", "copy")
    for test in ("agreement", "modules", "waits", "fresh", "turns")
}
"""Every cell of the line's suite."""

PAIRED = "witness.turns"


def outcomes(journal: list[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    """What a journal holds of every cell; of several outcomes the last counts."""
    found = [item for line in journal if line["kind"] == "cells" for item in line["value"]]
    return {(item["candidate"], item["platform"], item["test"]): item for item in found}


def kept(journal: list[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    """Outcomes that a resumed run takes over: of a paired test only those of a whole block."""
    found = outcomes(journal)
    whole = all(key in found for key in CELLS if key[2] == PAIRED)
    return {key: item for key, item in found.items() if whole or key[2] != PAIRED}


def resume(program: Program, line: Line, folder: Path) -> tuple[Ended, dict[str, Any]]:
    written = folder / "resumed.json"
    ended = program.run(*line.words, "-o", written, "-q", "--resume")
    return ended, program.label(written) if written.exists() else {}


def hold_to_the_journal(label: dict[str, Any], before: dict[Key, dict[str, Any]], program: Program) -> None:
    """Every cell is on the label, and what was in the journal came onto it byte for byte."""
    assert {(o["candidate"], o["platform"], o["test"]) for o in label["outcomes"]} == CELLS
    assert {o["status"] for o in label["outcomes"]} == {"measured"}
    after = outcomes(program.journal())
    for key, item in before.items():
        assert json.dumps(after[key]) == json.dumps(item)
        (outcome,) = [o for o in label["outcomes"] if (o["candidate"], o["platform"], o["test"]) == key]
        assert (outcome["status"], outcome["seconds"]) == (item["status"], item["seconds"])
        rows = [m for m in label["measurements"] if (m["candidate"], m["platform"], m["test"]) == key]
        assert [(m["value"], m["detail"]) for m in rows] == [(m["value"], m["detail"]) for m in item["measurements"]]


def stored(program: Program) -> set[str]:
    return {item["id"] for item in json.loads(program.run("history", "--json").out)}


# ---- kill -9 ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def seconds_of_a_run(tmp_path_factory: pytest.TempPathFactory, make_line: Any) -> float:
    """How long a whole run takes here and now: moments are drawn from it."""
    base = tmp_path_factory.mktemp("whole-run")
    line = make_line(base / "line")
    begin = time.monotonic()
    assert Program(home=base / "home", lock=base, plugins=(WITNESS,)).run(*line.words, "-q").code == 0
    return time.monotonic() - begin


def kill_at(place: str, program: Program, line: Line) -> None:
    """Kill the program when a worker has come to a place of the witness plugin."""
    stop = Stop(program=program, name=place)
    stop.set()
    process = program.start(*line.words, "-q")
    stop.wait(process)
    end(process, signal.SIGKILL)
    stop.free()


def kill_and_resume(program: Program, line: Line, folder: Path, moment: float) -> None:
    """Kill the program after so many seconds, and go on."""
    before_label = stored(program)
    process = program.start(*line.words, "-q")
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    program.wait_until_alone()
    over = process.returncode == 0
    journal = program.journal()
    ended, label = resume(program, line, folder)
    if over or not journal or journal[-1]["kind"] == "finished":
        assert ended.code == 2
        assert ended.errors == [
            (
                "carelabel: error: --resume needs an unfinished run of this model and metadata, found none "
                "(run without --resume)"
            )
        ]
    else:
        assert ended.code == 0, ended.err
        assert label["environment"]["resumed"] is True
        hold_to_the_journal(label, kept(journal), program)
        assert program.journal()[-1]["kind"] == "finished"
    after_label = stored(program)
    assert before_label <= after_label
    assert len(after_label) >= len(before_label) + (over or ended.code == 0)


@pytest.mark.parametrize("quarter", range(4))
def test_a_run_that_is_killed_can_be_gone_on_with(
    program: Program, line: Line, tmp_path: Path, seconds_of_a_run: float, quarter: int
) -> None:
    share = (quarter + random.random()) / 4
    kill_and_resume(program, line, tmp_path, seconds_of_a_run * share)


@pytest.mark.slow
def test_a_run_that_is_killed_a_hundred_times(
    program: Program, line: Line, tmp_path: Path, seconds_of_a_run: float
) -> None:
    for number in range(100):
        for earlier in tmp_path.glob("resumed.json"):
            earlier.unlink()
        kill_and_resume(program, line, tmp_path, seconds_of_a_run * (number + random.random()) / 90)


def test_a_torn_line_at_the_end_of_the_journal_is_left_out(program: Program, line: Line, tmp_path: Path) -> None:
    kill_at("fresh", program, line)
    program.wait_until_alone()
    before = kept(program.journal())
    (path,) = (program.home / "runs").glob("*/journal.jsonl")
    with path.open("ab") as file:
        file.write(b'{"kind":"cells","value":[{"candidate":"orig')
    ended, label = resume(program, line, tmp_path)
    assert ended.code == 0, ended.err
    assert {key[2] for key in before} == {f"witness.{name}" for name in ("agreement", "modules", "waits", "turns")}
    hold_to_the_journal(label, before, program)


# ---- ctrl-C ----------------------------------------------------------------------------------------------------------


SLOW = [pytest.param(place, marks=pytest.mark.slow) for place in ("agreement", "waits", "fresh")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_polite_kill_and_a_closed_terminal_end_a_run_like_ctrl_c(
    program: Program, line: Line, number: signal.Signals
) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip(f"{number.name} is ignored here, as under nohup, and a run leaves it at that")
    stop = Stop(program=program, name="turns")
    stop.set()
    process = program.start(*line.words, "-q")
    stop.wait(process)
    ended = end(process, number)
    stop.free()
    assert ended.code == 130
    kept_line = "the run was interrupted; what was measured so far is kept (the same command with --resume goes on)"
    assert ended.errors == [f"carelabel: error: {kept_line}"]
    assert program.processes() == []


@pytest.mark.parametrize("place", ["inspect", "copy", "turns", *SLOW])
def test_an_interrupted_run_ends_its_workers_and_keeps_its_journal(
    program: Program, line: Line, tmp_path: Path, place: str
) -> None:
    stop = Stop(program=program, name=place)
    stop.set()
    process = program.start(*line.words)
    stop.wait(process)
    ended = end(process, signal.SIGINT)
    stop.free()
    assert ended.code == 130
    kept_line = "the run was interrupted; what was measured so far is kept (the same command with --resume goes on)"
    told = "interrupted" if place == "inspect" else kept_line  # before that nothing has begun
    assert ended.errors == [f"carelabel: error: {told}"]
    program.wait_until_alone()
    journal = program.journal()
    before = kept(journal)
    again, label = resume(program, line, tmp_path)
    if place == "inspect":  # nothing had begun
        assert (journal, again.code) == ([], 2)
        return
    assert again.code == 0, again.err
    hold_to_the_journal(label, before, program)


# ---- when it is refused ----------------------------------------------------------------------------------------------


@pytest.fixture
def unfinished(program: Program, line: Line) -> Iterator[Line]:
    """A line whose run was killed in the middle."""
    stop = Stop(program=program, name="waits")
    stop.set()
    process = program.start(*line.words, "-q")
    stop.wait(process)
    end(process, signal.SIGKILL)
    stop.free()
    program.wait_until_alone()
    return line


NONE = (
    "carelabel: error: --resume needs an unfinished run of this model and metadata, found none (run without --resume)"
)
DIFFERS = (
    "carelabel: error: --resume needs the same host, versions, files and options, but these differ: {} "
    "(run again without --resume)"
)


def test_resume_is_refused_when_the_model_changed(program: Program, unfinished: Line) -> None:
    unfinished.model.write_text('{"weights": [1.0, -0.9], "bias": 0.0}', encoding="utf-8")
    ended = program.run(*unfinished.words, "-q", "--resume")
    assert (ended.code, ended.errors) == (2, [NONE])


def test_resume_is_refused_when_the_metadata_changed(program: Program, unfinished: Line) -> None:
    with unfinished.meta.open("a") as file:
        file.write("# another word\n")
    ended = program.run(*unfinished.words, "-q", "--resume")
    assert (ended.code, ended.errors) == (2, [NONE])


def test_resume_is_refused_when_options_data_or_versions_changed(
    program: Program, unfinished: Line, tmp_path: Path
) -> None:
    ended = program.run(*unfinished.words, "-q", "--resume", "--seed", "1")
    assert (ended.code, ended.errors) == (2, [DIFFERS.format("seed")])
    newer = tmp_path / "newer"
    shutil.copytree(WITNESS, newer)
    (newer / "acme_witness-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-witness\nVersion: 2.0\n"
    )
    other = Program(home=program.home, lock=program.lock, plugins=(newer,))
    ended = other.run(*unfinished.words, "-q", "--resume")
    assert ended.code == 2
    (message,) = ended.errors
    assert message.startswith(DIFFERS.partition("{}")[0] + "versions (acme-witness)")
    data = unfinished.meta.parent / "test.npz"
    shutil.copyfile(unfinished.meta.parent / "train.npz", data)
    ended = program.run(*unfinished.words, "-q", "--resume")
    assert (ended.code, ended.errors) == (2, [DIFFERS.format("inputs (test)")])


def test_resume_is_refused_while_the_run_goes_on(program: Program, line: Line) -> None:
    stop = Stop(program=program, name="waits")
    stop.set()
    process = program.start(*line.words, "-q")
    stop.wait(process)
    ended = program.run(*line.words, "-q", "--resume")
    stop.free()
    _out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert ended.code == 2
    (message,) = ended.errors
    assert "--resume needs a run that has ended, but another process still writes" in message


# ---- two at once -----------------------------------------------------------------------------------------------------


def test_two_runs_at_once_never_measure_at_the_same_time(program: Program, line: Line, tmp_path: Path) -> None:
    seen = tmp_path / "turns.txt"
    one, two = (
        Program(home=tmp_path / name, lock=program.lock, plugins=(WITNESS,), more={"CARELABEL_WITNESS": str(seen)})
        for name in ("one", "two")
    )
    stop = Stop(program=one, name="turns")
    stop.set()
    first = one.start(*line.words, "-q")
    stop.wait(first)
    second = two.start(*line.words)
    said = wait_for_line(second, "waiting for another measurement on this machine")
    assert f"(process {first.pid})" in said
    stop.free()
    for process in (first, second):
        process.communicate()
        assert process.returncode == 0
    turns: dict[str, list[int]] = {}
    for home, *moments in (row.split() for row in seen.read_text().splitlines()):
        turns.setdefault(home, []).extend(map(int, moments))
    assert set(turns) == {str(one.home), str(two.home)}
    assert max(turns[str(one.home)]) < min(turns[str(two.home)])


def test_a_run_goes_on_when_the_one_it_waits_for_is_killed(program: Program, line: Line, tmp_path: Path) -> None:
    one, two = (Program(home=tmp_path / name, lock=program.lock, plugins=(WITNESS,)) for name in ("one", "two"))
    stop = Stop(program=one, name="turns")
    stop.set()
    first = one.start(*line.words, "-q")
    stop.wait(first)
    second = two.start(*line.words)
    wait_for_line(second, "waiting for another measurement on this machine")
    end(first, signal.SIGKILL)
    second.communicate()
    assert second.returncode == 0
    one.wait_until_alone()


def test_what_the_model_of_a_killed_run_had_forked_does_not_hold_the_lock(program: Program, line: Line) -> None:
    line.model.write_text(json.dumps({"weights": [1.0, -1.0], "bias": 0.0, "forks": True}), encoding="utf-8")
    kill_at("turns", program, line)
    left = program.processes()
    assert left, "a forked process does not end with the parent of its parent"
    try:
        ended = program.run(*line.words, "--resume")
        assert ended.code == 0, ended.err
    finally:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):  # a worker that was still ending
                os.kill(pid, signal.SIGKILL)


def test_a_program_that_the_model_of_a_killed_run_became_does_not_hold_the_lock(
    program: Program, line: Line, tmp_path: Path
) -> None:
    number = tmp_path / "number"
    spec = {"weights": [1.0, -1.0], "bias": 0.0, "becomes": str(number)}
    line.model.write_text(json.dumps(spec), encoding="utf-8")
    kill_at("turns", program, line)
    left = int(number.read_text(encoding="utf-8"))
    line.model.write_text(json.dumps({"weights": [1.0, -1.0], "bias": 0.0}), encoding="utf-8")
    try:
        assert process_tree.living([left]), "nobody knows any more whose it is"
        assert program.run(*line.words, "-q").code == 0
    finally:
        os.kill(left, signal.SIGKILL)
