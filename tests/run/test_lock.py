"""One measurement at a time, by a lock that the parent alone holds."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from carelabel.base import linux
from carelabel.errors import UsageError
from carelabel.process.machine_lock import MeasuringLock, lock_scope

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


def test_a_child_does_not_inherit_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = MeasuringLock(path)
    words = [sys.executable, "-c", "print(flush=True); input()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with lock.held(lambda _: None), subprocess.Popen(words, **pipes, close_fds=False) as child:
        assert child.stdout is not None
        child.stdout.readline()  # its own program runs: until then it has copies of everything
        os.close(lock.descriptor)  # as when the parent dies: its copy is gone without an unlock
        lock.descriptor = os.open(path, os.O_RDWR)
        assert linux.lock(lock.descriptor, wait=False) is True
        child.communicate(b"\n")
    lock.close()


def test_killing_whoever_holds_it_gives_it_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with taker(path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with taker(path) as second:
            assert second.stdout is not None
            second.stdout.readline()
            first.kill()
            assert second.stdout.readline() == "held\n"
            second.communicate("")


def test_who_waits_can_be_interrupted_and_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = MeasuringLock(path)
    with lock.held(lambda _: None), taker(path) as waiting:
        assert waiting.stdout is not None
        waiting.stdout.readline()
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait() == -signal.SIGINT
        assert waiting.stdout.read() == ""
    with lock.held(lambda _: None) as waited:
        assert waited < 60
    lock.close()


def test_what_another_user_wrote_is_shown_as_a_process_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = MeasuringLock(path)
    with lock.held(lambda _: None):
        for text, shown in (("process 77\x1b[2J", "process 77"), ("\x1b[2J", "unknown process")):
            path.write_text(text)
            with taker(path) as waiting:
                assert waiting.stdout is not None
                assert waiting.stdout.readline() == f"waiting for another measurement on this machine ({shown})\n"
                waiting.kill()
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
