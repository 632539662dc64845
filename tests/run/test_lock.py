"""One measurement at a time, held by the orphans of a dead parent as well."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from carelabel import portable
from carelabel.errors import UsageError
from carelabel.run.family import MARK, end_leftovers
from carelabel.run.lock import MeasuringLock, lock_scope

TAKE = (
    "import sys; from pathlib import Path; from carelabel.run.lock import MeasuringLock\n"
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
        assert portable.lock(other, wait=False) is False
        child.kill()
        child.wait()
        assert portable.lock(other, wait=False) is True
        lock.descriptor = other  # given back by the context manager
    os.close(other)


LEAVE = (
    "import os, subprocess, sys; from carelabel.run.family import MARK, mark\n"
    "child = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
    "descriptor, name = int(sys.argv[1]), sys.argv[2] or mark(1)\n"
    "how = {'start_new_session': True, 'stdout': subprocess.DEVNULL}\n"
    "left = subprocess.Popen(child, env={MARK: name}, pass_fds=[descriptor], **how)\n"
    "os.kill(left.pid, 19); print(left.pid)\n"
)
"""A program that ends and leaves behind a stopped process of a worker, which holds the lock's descriptor."""


def leave(lock: MeasuringLock, name: str = "") -> int:
    words = [sys.executable, "-c", LEAVE, str(lock.descriptor), name]
    return int(subprocess.run(words, pass_fds=[lock.descriptor], stdout=subprocess.PIPE, text=True, check=True).stdout)


def test_what_a_killed_run_has_left_is_ended_and_said(tmp_path: Path) -> None:
    path, said = tmp_path / "lock", []
    dead = MeasuringLock(path)
    assert portable.lock(dead.descriptor, wait=False) is True
    left = leave(dead)
    dead.close()
    lock = MeasuringLock(path)
    with lock.held(said.append) as waited:
        assert not portable.living([left])
    lock.close()
    assert said == ["ended what a killed run had left behind (processes: 1)"]
    assert waited < 60  # the process would have held it for ten minutes, and being stopped, for ever


def test_what_nobody_s_mark_tells_of_is_waited_for_and_not_said_to_be_alive(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    dead = MeasuringLock(path)
    assert portable.lock(dead.descriptor, wait=False) is True
    left = leave(dead, "another mark")
    path.write_text(f"process {left}0000000")
    dead.close()
    with taker(path) as waiting:
        assert waiting.stdout is not None
        said = waiting.stdout.readline()
        assert said.endswith(f"(something that process {left}0000000 has left behind)\n")
        os.kill(left, signal.SIGKILL)
        assert waiting.stdout.readline() == "held\n"
        waiting.communicate("")


@pytest.mark.parametrize("name", ["{pid}-{ticks}-7", "{pid}-7", "daemon", "a-b-c", "--", ""])
def test_what_belongs_to_a_living_program_or_to_nobody_is_left_alone(name: str) -> None:
    own = os.getpid()
    text = name.format(pid=own, ticks=portable.started_ticks(own))
    child = [sys.executable, "-c", "print(flush=True); import time; time.sleep(600)"]
    with subprocess.Popen(child, env={MARK: text}, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # its own program runs: until then it has this one's environment
        end_leftovers()
        assert process.poll() is None
        process.kill()


def test_a_number_that_was_given_anew_does_not_save_what_was_left(tmp_path: Path) -> None:
    lock = MeasuringLock(tmp_path / "lock")
    left = leave(lock, f"{os.getpid()}-1-7")  # this program's number, and not its start
    assert end_leftovers() == 1
    assert not portable.living([left])
    lock.close()


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
        assert portable.lock(other, wait=False) is False
    assert portable.lock(other, wait=False) is True
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
