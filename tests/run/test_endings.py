"""Whatever a model does to its process costs that worker only, and has a status and a stable code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

import pytest

from carelabel.process.capped_log import HEAD_BYTES, TAIL_BYTES
from carelabel.process.process_tree import living
from carelabel.process.worker_handle import WorkerError
from tests.run.given import SOON, wait_until

if TYPE_CHECKING:
    from carelabel.process.worker_handle import Session
    from tests.run.given import Opening, Spawn


def predict(session: Session, tmp_path: Path) -> dict[str, Any]:
    return session.ask("predict", SOON, out=str(tmp_path / "pred"), boundary=None)


def opened(spawn: Spawn, opening: Opening, kind: str) -> Session:
    session = spawn()
    session.ask("open", SOON, **opening(kind))
    return session


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("segfault", "segfault", "died of SIGSEGV while it did 'predict'"),
        ("os-exit", "exit-0", "ended by exit(0)"),
        ("sys-exit", "exit-1", "ended by exit(1)"),
        ("abort", "signal-abrt", "died of SIGABRT"),
        ("killed", "killed", "died of SIGKILL"),
        ("close-pipe", "closed-pipe", "closed its pipe"),
        ("write-on-pipe", "not-json", "begins with b'not an answer'"),
        ("leave-forked-child", "exit-7", "ended by exit(7)"),
        ("leave-child-forked-by-c", "exit-7", "ended by exit(7)"),
    ],
)
def test_a_crash_has_its_code(
    spawn: Spawn, opening: Opening, tmp_path: Path, *, kind: str, code: str, words: str
) -> None:
    session = opened(spawn, opening, kind)
    with pytest.raises(WorkerError) as caught:
        predict(session, tmp_path)
    assert (caught.value.status, caught.value.reason.code) == ("crashed", code)
    assert words in caught.value.reason.text
    assert living([session.pid]) == set()


@pytest.mark.parametrize(
    ("says", "code", "words"),
    [
        ("[" * 60_000, "not-json", "must be a JSON object"),
        ('{"id": 2, "ok": true, "result": {"spent": []}}', "wrong-answer", "spent must map categories to seconds"),
        ('{"id": 2, "ok": true, "result": {"spent": {"turn": "x"}}}', "wrong-answer", "got \"{'turn': 'x'}\""),
        ('{"id": 2, "ok": true, "result": {"spent": {"turn": NaN}}}', "wrong-answer", "spent must map"),
        ('{"id": 2, "ok": false, "error": {"spent": 3}}', "wrong-answer", "spent must map"),
        (
            '{"id": 2, "ok": true, "result": {"nan": [1], "resident_bytes": "all"}}',
            "wrong-answer",
            "a result of 'predict' must be as the protocol says, got resident_bytes 'all', nan '[1]'",
        ),
        ('{"id": 2, "ok": true, "result": 7}', "wrong-answer", "an answer must belong to request 2"),
    ],
)
def test_a_model_that_answers_for_its_worker_costs_that_worker(
    spawn: Spawn, opening: Opening, tmp_path: Path, *, says: str, code: str, words: str
) -> None:
    session = opened(spawn, opening, "answer-for-the-worker")
    (tmp_path / "says").write_text(says)
    with pytest.raises(WorkerError) as caught:
        predict(session, tmp_path)
    assert (caught.value.status, caught.value.reason.code) == ("crashed", code)
    assert words in caught.value.reason.text
    assert living([session.pid]) == set()


def test_a_dead_worker_gives_the_same_error_again(spawn: Spawn, opening: Opening, tmp_path: Path) -> None:
    session = opened(spawn, opening, "segfault")
    with pytest.raises(WorkerError) as first:
        predict(session, tmp_path)
    with pytest.raises(WorkerError) as again:
        session.ask("hello", SOON)
    assert again.value.reason == first.value.reason


@pytest.mark.parametrize("kind", ["segfault", "sys-exit"])
def test_the_log_says_where_it_crashed(spawn: Spawn, opening: Opening, tmp_path: Path, kind: str) -> None:
    session = opened(spawn, opening, kind)
    with pytest.raises(WorkerError):
        predict(session, tmp_path)
    assert "fake_models.py" in session.log.read_text()


@pytest.mark.parametrize(
    ("kind", "type_", "code", "text"),
    [
        ("raise", "ValueError", "exception", "ValueError: the model's own words"),
        ("memory", "MemoryError", "out-of-memory", "MemoryError"),
        ("base-exception", "Panic", "exception", "Panic: rust says no"),
    ],
)
def test_an_exception_fails_and_the_worker_goes_on(
    spawn: Spawn, opening: Opening, tmp_path: Path, *, kind: str, type_: str, code: str, text: str
) -> None:
    session = opened(spawn, opening, kind)
    with pytest.raises(WorkerError) as caught:
        predict(session, tmp_path)
    found = caught.value
    assert (found.status, found.type, found.reason.code, found.reason.text) == ("failed", type_, code, text)
    assert session.ask("hello", SOON)["pid"] == session.pid
    assert "Traceback" in session.log.read_text()


def test_after_a_hang_the_worker_and_its_children_are_gone(spawn: Spawn, opening: Opening, tmp_path: Path) -> None:
    session = opened(spawn, opening, "hang")
    session.send("predict", out=str(tmp_path / "pred"), boundary=None)
    said = tmp_path / "grandchild"
    wait_until(lambda: said.exists() and said.read_text() != "")
    grandchild = int(said.read_text())
    assert living([session.pid, grandchild]) == {session.pid, grandchild}
    with pytest.raises(WorkerError) as caught:
        session.receive(0.05)
    assert (caught.value.status, caught.value.reason.code) == ("timed_out", "timeout")
    assert caught.value.reason.text == "no answer to 'predict' within 0.05 s"
    assert living([session.pid, grandchild]) == set()
    assert "fake_models.py" in session.log.read_text(), "the stacks of a hanging worker are in its log"


def daemons(folder: Path) -> list[int]:
    """Those that the fake started for this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended in the meantime
        if command.endswith(f"{folder}\0".encode()) and living([int(process.name)]):
            found.append(int(process.name))
    return found


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_daemon_with_a_session_of_its_own_is_found(spawn: Spawn, opening: Opening, tmp_path: Path) -> None:
    session = opened(spawn, opening, "hang-with-daemon")
    session.send("predict", out=str(tmp_path / "pred"), boundary=None)
    wait_until(lambda: any(os.getsid(pid) == pid and parent_of(pid) == session.pid for pid in daemons(tmp_path)))
    session.kill()
    assert daemons(tmp_path) == []


def test_a_daemon_of_a_worker_that_is_closed_ends_with_it(spawn: Spawn, opening: Opening, tmp_path: Path) -> None:
    session = opened(spawn, opening, "start-daemon")
    predict(session, tmp_path)
    assert daemons(tmp_path)
    session.close()
    assert daemons(tmp_path) == []


def test_a_forked_child_cannot_answer(spawn: Spawn, opening: Opening, tmp_path: Path) -> None:
    assert predict(opened(spawn, opening, "look-for-pipes-in-a-fork"), tmp_path)["rows"] == 20


def test_noise_goes_to_the_log_and_disturbs_nothing(spawn: Spawn, opening: Opening, tmp_path: Path) -> None:
    session = opened(spawn, opening, "noise")
    assert predict(session, tmp_path)["rows"] == 20
    session.close()
    log = session.log.read_text()
    assert "hello from the model" in log
    assert "hello from its child" in log


def test_a_huge_print_neither_blocks_nor_fills_the_disk(spawn: Spawn, opening: Opening, tmp_path: Path) -> None:
    session = opened(spawn, opening, "flood")
    session.ask("load", SOON)
    session.close()
    log = session.log.read_bytes()
    assert HEAD_BYTES < len(log) <= HEAD_BYTES + TAIL_BYTES + 200
    assert log.endswith(b"the last words\n")
    assert b"bytes of output left out" in log


def test_a_frozen_worker_can_be_killed_and_closed(spawn: Spawn) -> None:
    killed, closed = spawn(), spawn()
    for session in (killed, closed):
        session.ask("hello", SOON)
        session.freeze()
    killed.kill()
    closed.close()
    assert living([killed.pid, closed.pid]) == set()


def test_a_process_that_cannot_be_started_is_one_error(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(WorkerError) as caught:
        spawn()
    assert (caught.value.status, caught.value.reason.code) == ("crashed", "not-started")


def test_memory_running_out_needs_the_kernels_word(
    spawn: Spawn, opening: Opening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(spawn, opening, "killed")
    monkeypatch.setattr("carelabel.base.linux.out_of_memory_kills", lambda: 1 << 40)
    with pytest.raises(WorkerError) as caught:
        predict(session, tmp_path)
    assert caught.value.reason.code == "out-of-memory"


def test_leaving_after_an_exception_kills(spawn: Spawn) -> Never:
    session = spawn()

    def interrupted() -> None:
        with session:
            session.ask("hello", SOON)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert living([session.pid]) == set()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_descriptors_are_given_back(spawn: Spawn, opening: Opening, tmp_path: Path) -> None:
    before = descriptors()
    for kind in ("segfault", "close-pipe"):
        with pytest.raises(WorkerError):
            predict(opened(spawn, opening, kind), tmp_path)
    spawn().close()
    assert descriptors() == before
