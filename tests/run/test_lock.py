"""One measurement at a time, held by the orphans of a dead parent as well."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from carelabel.base import linux
from carelabel.errors import UsageError
from carelabel.process import machine_lock as measuring_lock
from carelabel.process import process_table
from carelabel.process import process_tree as family
from carelabel.process.machine_lock import MeasuringLock, lock_scope
from carelabel.process.process_tree import end_leftovers

TAKE = (
    "import sys; from pathlib import Path; from carelabel.process.machine_lock import MeasuringLock\n"
    "with MeasuringLock(Path(sys.argv[1])).held(lambda text: print(text, flush=True)):\n"
    "    print('held', flush=True); sys.stdin.read()\n"
)


def taker(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TAKE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_the_second_says_whom_it_waits_for_and_gets_it_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with taker(path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with taker(path) as second:
            assert second.stdout is not None
            waiting = second.stdout.readline()
            assert waiting == f"waiting for another measurement on this machine (process {first.pid})\n"
            first.communicate("")
            assert second.stdout.readline() == "held\n"
            second.communicate("")


def test_a_worker_that_inherited_it_holds_it_after_its_parent_is_dead(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = MeasuringLock(path)
    with lock.held(lambda _: None):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=[lock.descriptor])
        lock.close()  # as when the parent dies: its copy is gone without an unlock
        other = os.open(path, os.O_RDWR)
        assert linux.lock(other, wait=False) is False
        child.kill()
        child.wait()
        assert linux.lock(other, wait=False) is True
        lock.descriptor = other  # given back by the context manager
    os.close(other)


LEAVE = (
    "import os, subprocess, sys; from carelabel.process.process_tree import mark\n"
    "child = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
    "descriptor, variable, name = int(sys.argv[1]), sys.argv[2], sys.argv[3] or mark(1)\n"
    "how = {'start_new_session': True, 'stdout': subprocess.DEVNULL}\n"
    "left = subprocess.Popen(child, env={variable: name}, pass_fds=[descriptor], **how)\n"
    "os.kill(left.pid, 19); print(left.pid, mark(1).rpartition('-')[0])\n"
)
"""A program that ends and leaves behind a stopped process of a worker, which holds the lock's descriptor."""


@pytest.fixture
def variable(monkeypatch: pytest.MonkeyPatch) -> str:
    """A variable of this test's own: leftovers of anything else on the machine are not its business."""
    name = f"CARELABEL_TEST_{os.getpid()}_{time.monotonic_ns()}"
    monkeypatch.setattr(family, "MARK", name)
    return name


def leave(lock: MeasuringLock, variable: str, name: str = "") -> tuple[int, str]:
    """The number of what was left, and the name of the program that left it."""
    words = [sys.executable, "-c", LEAVE, str(lock.descriptor), variable, name]
    done = subprocess.run(words, pass_fds=[lock.descriptor], stdout=subprocess.PIPE, text=True, check=True)
    pid, owner = done.stdout.split()
    return int(pid), owner


def test_what_a_killed_run_has_left_is_ended_and_said(tmp_path: Path, variable: str) -> None:
    path, said = tmp_path / "lock", []
    dead = MeasuringLock(path)
    assert linux.lock(dead.descriptor, wait=False) is True
    left, _ = leave(dead, variable)
    dead.close()
    lock = MeasuringLock(path)
    with lock.held(said.append):  # the stopped process would have held it for ever
        assert not process_table.living([left])
    lock.close()
    assert said == ["ended what a killed run had left behind (processes: 1)"]


def test_what_is_left_while_it_is_waited_for_is_ended_too(
    tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, said = tmp_path / "lock", []
    dead = MeasuringLock(path)
    assert linux.lock(dead.descriptor, wait=False) is True
    left, owner = leave(dead, variable)
    path.write_text(f"process 7 {owner}")
    dead.close()
    sweeps = [lambda: 0, end_leftovers]

    def sweep() -> int:
        """As if it had become an orphan after the first look."""
        return (sweeps.pop(0) if len(sweeps) > 1 else sweeps[0])()

    monkeypatch.setattr(measuring_lock, "end_leftovers", sweep)
    monkeypatch.setattr(measuring_lock, "_LOOK_S", 0.01)
    lock = MeasuringLock(path)
    with lock.held(said.append):
        assert not process_table.living([left])
    lock.close()
    assert said == [
        "waiting for another measurement on this machine (something that process 7 has left behind)",
        "ended what a killed run had left behind (processes: 1)",
    ]


def test_who_waits_and_is_interrupted_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"
    with taker(path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        lock = MeasuringLock(path)
        monkeypatch.setattr(threading.Event, "wait", interrupt)
        with pytest.raises(KeyboardInterrupt), lock.held(lambda _: None):
            pytest.fail("the lock was held")
        monkeypatch.undo()
        first.communicate("")
    (thread,) = [item for item in threading.enumerate() if item.name == "carelabel-lock"] or [None]
    if thread is not None:
        thread.join()
    other = os.open(path, os.O_RDWR)
    assert linux.lock(other, wait=False) is True
    os.close(other)
    lock.close()


def interrupt(_: threading.Event, timeout: float | None = None) -> bool:
    del timeout
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["{own}-7", "{own}", "daemon", "a-b-c", "--", "", "9" * 5000, "{other}-7"])
def test_what_belongs_to_a_living_program_or_to_nobody_is_left_alone(name: str, variable: str) -> None:
    own = family.own_name()
    other = f"{own.rpartition('-')[0]}-1.1"  # of other namespaces: what is alive there cannot be seen
    text = name.format(own=own, other=f"1{other}")
    child = [sys.executable, "-c", "print(flush=True); import time; time.sleep(600)"]
    with subprocess.Popen(child, env={variable: text}, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # its own program runs: until then it has this one's environment
        assert end_leftovers() == 0
        assert process.poll() is None
        process.kill()


def test_a_number_that_was_given_anew_does_not_save_what_was_left(tmp_path: Path, variable: str) -> None:
    lock = MeasuringLock(tmp_path / "lock")
    pid, _, place = family.own_name().split("-")
    left, _ = leave(lock, variable, f"{pid}-1-{place}-7")  # this program's number, and not its start
    assert end_leftovers() == 1
    assert not process_table.living([left])
    lock.close()


def test_whoever_looks_and_those_it_descends_from_are_spared(tmp_path: Path, variable: str) -> None:
    pid, _, place = family.own_name().split("-")
    environment = {**os.environ, variable: f"{pid}-1-{place}-7"}
    names = "from carelabel.process import process_tree as family"
    look = f"{names}; family.MARK = {variable!r}; print(family.end_leftovers())"
    nested = f"import subprocess, sys; print(subprocess.run([sys.executable, '-c', {look!r}]).returncode)"
    words = [sys.executable, "-c", nested]
    done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["0", "0"]


def test_other_users_processes_are_not_looked_at(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pid, _, place = family.own_name().split("-")
    child = [sys.executable, "-c", "print(flush=True); import time; time.sleep(600)"]
    mark = f"{pid}-1-{place}-7"
    with subprocess.Popen(child, env={variable: mark}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        user = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: user)
        assert end_leftovers() == 0
        monkeypatch.undo()
        process.kill()


def test_a_proc_of_other_processes_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a namespace of process numbers of its own, where nobody has mounted a /proc of its own."""
    (tmp_path / "self").symlink_to("1")
    monkeypatch.setattr(process_table, "_PROC", tmp_path)
    assert process_table.namespaces() is None
    assert process_table.marks("CARELABEL_WORKER") is None
    assert end_leftovers() == 0
    assert not family.is_over(family.own_name())


def test_what_nobody_s_mark_tells_of_is_waited_for_and_not_said_to_be_alive(tmp_path: Path, variable: str) -> None:
    path = tmp_path / "lock"
    dead = MeasuringLock(path)
    assert linux.lock(dead.descriptor, wait=False) is True
    left, owner = leave(dead, variable, "another mark")
    path.write_text(f"process 77\x1b[2J {owner}")
    dead.close()
    with taker(path) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline().endswith("(something that process 77 has left behind)\n")
        os.kill(left, signal.SIGKILL)
        assert waiting.stdout.readline() == "held\n"
        waiting.communicate("")


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the measuring lock .* must be a file that can be read, found: No such file"):
        MeasuringLock(tmp_path / "missing" / "lock")


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(UsageError, match="must be a file that can be read"):
        MeasuringLock(tmp_path / "lock")
    assert victim.read_text() == "precious"


def test_something_else_in_its_place_is_one_clear_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(UsageError, match="not a regular file"):
        MeasuringLock(tmp_path / "lock")


def test_every_user_may_write_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        MeasuringLock(tmp_path / "lock").close()
    finally:
        os.umask(before)
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o666


def test_another_user_s_file_is_locked_and_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = tmp_path / "lock", os.open
    path.write_text("process 1")

    def read_only(name: Path, flags: int, mode: int = 0o777) -> int:
        if name == path and flags & os.O_RDWR and not flags & os.O_EXCL:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(name, flags, mode)

    monkeypatch.setattr(os, "open", read_only)
    lock = MeasuringLock(path)
    other = real(path, os.O_RDONLY)
    with lock.held(lambda _: None):
        assert linux.lock(other, wait=False) is False
    assert linux.lock(other, wait=False) is True
    assert path.read_text() == "process 1"
    lock.close()
    os.close(other)


@pytest.mark.parametrize(
    ("folder", "files", "environment", "scope"),
    [
        ("", (), {}, "machine"),
        ("/home/me/tmp", (), {}, "folder"),
        ("", (".dockerenv",), {}, "container"),
        ("", ("run/.containerenv",), {}, "container"),
        ("", (), {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "container"),
        ("", ("proc/self/ns/pid:[4026532000]",), {}, "container"),
        ("", ("proc/self/ns/pid:[4026531836]",), {}, "machine"),
    ],
)
def test_the_scope_is_what_can_be_seen(
    folder: str, files: tuple[str, ...], environment: dict[str, str], scope: str, tmp_path: Path
) -> None:
    for name in files:
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.name.startswith("pid:"):
            place.with_name("pid").symlink_to(place.name)
        else:
            place.touch()
    common = Path("/") / "tmp"
    assert lock_scope(Path(folder) if folder else common, tmp_path, environment) == scope
