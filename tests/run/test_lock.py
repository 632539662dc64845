"""One measurement at a time, held by the orphans of a dead parent as well."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from carelabel import portable
from carelabel.errors import UsageError
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
