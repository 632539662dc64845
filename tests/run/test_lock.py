"""One measurement at a time, held by the orphans of a dead parent as well."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from carelabel import portable
from carelabel.errors import UsageError
from carelabel.run.lock import MeasuringLock

if TYPE_CHECKING:
    from pathlib import Path

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
    with pytest.raises(UsageError, match=r"the measuring lock .* must be writable"):
        MeasuringLock(tmp_path / "missing" / "lock")
