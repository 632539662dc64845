"""What a worker starts with, how it waits, and how it ends with its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carelabel.plan import PlannedPlatform
from carelabel.process.environment import THREAD_VARIABLES, worker_environment
from carelabel.process.process_tree import living
from carelabel.process.worker_handle import Session, WorkerError, first_ready
from tests.run.given import ONE_THREAD, SOON, planned, wait_until

if TYPE_CHECKING:
    from tests.run.given import Opening, Spawn

ROOT = Path(__file__).parents[2]


def test_it_leads_a_session_of_its_own(spawn: Spawn) -> None:
    session = spawn()
    hello = session.ask("hello", SOON)
    assert hello["pid"] == session.pid == os.getsid(session.pid) == os.getpgid(session.pid)
    assert hello["dies_with_parent"] is True
    assert hello["threads"] == 1


def test_it_is_pinned_before_anything_is_imported(spawn: Spawn) -> None:
    hello = spawn(platform=ONE_THREAD).ask("hello", SOON)
    assert len(hello["affinity"]) == 1
    assert set(hello["affinity"]) <= os.sched_getaffinity(0)
    assert "numpy" not in hello["modules"]


def test_an_explicit_choice_of_processors_is_honoured(spawn: Spawn) -> None:
    first = min(os.sched_getaffinity(0))
    assert spawn(platform=ONE_THREAD, processors=[first]).ask("hello", SOON)["affinity"] == [first]


def test_without_its_processors_it_measures_nothing(spawn: Spawn) -> None:
    many = PlannedPlatform(id="cpu-9999", tags=("cpu",), threads=9999, pin=9999)
    session = spawn(platform=many)
    assert session.ask("hello", SOON)["pinned"] is False
    with pytest.raises(WorkerError) as caught:
        session.ask("load", SOON)
    assert caught.value.reason.code == "no-processors"
    assert "needs 9999 processors" in caught.value.reason.text


def test_threads_are_said_before_imports(spawn: Spawn, opening: Opening) -> None:
    session = spawn(platform=ONE_THREAD)
    session.ask("open", SOON, **opening())
    test = planned("fake_tests:environment", "threads")
    (found,) = session.ask("run", SOON, test=test)["measurements"]
    assert found["value"] == 1
    assert found["detail"]["PYTHONHASHSEED"] == "0"
    assert {found["detail"][name] for name in THREAD_VARIABLES} == {"1"}


def test_little_of_the_environment_is_passed_on() -> None:
    base = {
        "PATH": "/bin",
        "CUDA_VISIBLE_DEVICES": "0",
        "SECRET": "x",
        "OMP_NUM_THREADS": "7",
        "PYTHONSTARTUP": "x",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CARELABEL_HOME": "/h",
    }
    alone = worker_environment(None, base)
    assert alone.keys() & base.keys() == {"PATH", "CUDA_VISIBLE_DEVICES", "CARELABEL_HOME"}
    own = PlannedPlatform(id="x", tags=("cpu",), threads=3, pin=None, environment=(("MKL_NUM_THREADS", "2"),))
    chosen = worker_environment(own, base, {"PATH": "/usr/bin"})
    assert (chosen["OMP_NUM_THREADS"], chosen["MKL_NUM_THREADS"], chosen["PATH"]) == ("3", "2", "/usr/bin")


def test_modules_of_the_current_folder_are_not_found(
    spawn: Spawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    assert spawn("scorer").ask("open", SOON) is not None


def test_unknown_ops_fail_and_unknown_fields_do_not(spawn: Spawn) -> None:
    session = spawn()
    assert session.ask("hello", SOON, colour="blue")["pid"] == session.pid
    with pytest.raises(WorkerError, match=r"an op must be one of .*, got 'dance'") as caught:
        session.ask("dance", SOON)
    assert (caught.value.status, caught.value.reason.code) == ("failed", "unknown-op")


def test_requests_longer_than_a_pipe_arrive(spawn: Spawn) -> None:
    assert spawn().ask("hello", SOON, long="x" * 3_000_000)["threads"] == 1


def test_the_first_answer_wakes_the_parent(spawn: Spawn, opening: Opening, tmp_path: Path) -> None:
    slow, quick = spawn(), spawn()
    slow.ask("open", SOON, **opening("hang"))
    slow.send("load")
    quick.send("hello")
    assert first_ready([slow, quick], SOON) is quick
    quick.receive(0)
    assert first_ready([slow, quick], 0.01) is None
    slow.kill()
    assert first_ready([slow, quick], SOON) is slow, "a dead worker has something to say"


def test_a_frozen_worker_does_nothing_until_it_is_thawed(spawn: Spawn) -> None:
    session = spawn()
    session.ask("hello", SOON)
    session.freeze()
    session.send("hello")
    assert first_ready([session], 0.1) is None
    session.thaw()
    assert session.receive(SOON)["pid"] == session.pid


def test_it_must_be_spawned_by_the_main_thread(spawn: Spawn) -> None:
    caught = []

    def attempt() -> None:
        try:
            spawn()
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert "must be spawned by the main thread" in caught[0]


def test_meters_say_their_sensors_or_why_not(spawn: Spawn) -> None:
    names = ("Battery", "NoMeter", "BrokenMeter", "OddMeter")
    meters = [{"id": name, "entry": f"fake_tests:{name}"} for name in names]
    battery, none, broken, odd = spawn().ask("meters", SOON, meters=meters)["sensors"]
    assert battery == {"id": "Battery", "sensors": ["left", "right"]}
    assert none == {"id": "NoMeter", "code": "no-counter", "text": "there is no counter", "hint": "buy one"}
    assert (broken["code"], broken["text"]) == ("exception", "OSError: the bus is off")
    assert (odd["code"], odd["text"]) == ("wrong-type", "probe must name sensors, got [{'zone': 'package'}]")


PARENT = """
import json, sys, time
from pathlib import Path
from carelabel.process.worker_handle import Session
frozen = Session.spawn("candidate", name="frozen", log=Path(sys.argv[1]) / "frozen.log")
busy = Session.spawn("candidate", name="busy", log=Path(sys.argv[1]) / "busy.log")
for session in (frozen, busy):
    session.ask("hello", 20)
frozen.freeze()
print(json.dumps([frozen.pid, busy.pid]), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_die_with_their_parent_also_when_frozen(tmp_path: Path, number: int) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as parent:
        assert parent.stdout is not None
        pids = json.loads(parent.stdout.readline())
        assert living(pids) == set(pids)
        parent.send_signal(number)
    wait_until(lambda: not living(pids))


def test_the_parents_side_imports_no_numpy_and_no_framework() -> None:
    code = "import sys, carelabel.process.worker_handle, carelabel.base.linux; print(*sorted(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    modules = set(done.stdout.split())
    assert not modules & {"numpy", "sklearn", "onnxruntime", "torch", "pandas", "scipy", "pydantic", "ctypes"}
    assert "carelabel.process.worker_handle" in modules


def test_the_parent_sleeps_while_a_worker_is_busy(spawn: Spawn, opening: Opening, tmp_path: Path) -> None:
    session = spawn()
    session.ask("open", SOON, **opening("hang"))
    session.send("predict", out=str(tmp_path / "pred"), boundary=None)
    before = time.process_time()
    assert first_ready([session], 1.0) is None
    assert time.process_time() - before < 0.1


def test_a_closed_session_says_so(tmp_path: Path) -> None:
    with Session.spawn("candidate", name="x", log=tmp_path / "x.log") as session:
        session.ask("hello", SOON)
    with pytest.raises(WorkerError) as caught:
        session.send("hello")
    assert caught.value.reason.code == "closed"
