"""What only some systems have: right where it is, None where it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.base import linux

if TYPE_CHECKING:
    from pathlib import Path

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@LINUX
def test_peak_memory_is_set_back_and_found_again() -> None:
    held = bytearray(64 << 20)
    del held
    if not linux.reset_peak():
        pytest.skip("the kernel has no clear_refs")
    before = linux.resident_bytes()
    held = bytearray(b"x") * (64 << 20)
    assert linux.peak_bytes() - before == pytest.approx(64 << 20, rel=0.1)
    del held


@LINUX
def test_waiting_and_stolen_time_only_grow() -> None:
    assert linux.wait_ns() <= linux.wait_ns()
    assert linux.steal_ns() <= linux.steal_ns()
    assert linux.threads() >= 1


def test_steal_is_that_of_the_own_processors(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  1 2 3 4 5 6 7 30 0 0\ncpu0 1 2 3 4 5 6 7 10 0 0\ncpu1 1 2 3 4 5 6 7 20 0 0\nintr 5\n")
    tick = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    assert linux.steal_ns(None, stat) == 30 * tick
    assert linux.steal_ns([1], stat) == 20 * tick
    assert linux.steal_ns([7], stat) is None


@pytest.mark.parametrize(("count", "expected"), [(1, (3,)), (2, (2, 3)), (3, (1, 2, 3)), (9, (0, 1, 2, 3))])
def test_processors_are_taken_one_a_core_from_the_end(tmp_path: Path, count: int, expected: tuple[int, ...]) -> None:
    for number, siblings in enumerate(["0,2", "1,3", "0,2", "1,3"]):
        folder = tmp_path / f"cpu{number}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(siblings)
    assert linux.choose_processors(count, range(4), tmp_path) == expected


def cgroup_v2(tmp_path: Path, limit: str = "1000000") -> tuple[Path, Path]:
    group, proc = tmp_path / "cgroup", tmp_path / "proc"
    (group / "box").mkdir(parents=True)
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text("0::/box\n")
    (proc / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    5000 kB\n")
    (proc / "vmstat").write_text("nr_free 5\noom_kill 4\n")
    for name, text in {
        "memory.events": "low 0\noom 9\noom_kill 3\n",
        "memory.max": limit,
        "memory.current": "400000",
        "memory.stat": "anon 1\ninactive_file 50000\n",
    }.items():
        (group / "box" / name).write_text(text)
    return group, proc


def test_memory_kills_and_room_of_a_cgroup(tmp_path: Path) -> None:
    group, proc = cgroup_v2(tmp_path)
    assert linux.out_of_memory_kills(group, proc) == 7
    assert linux.available_memory_bytes(group, proc) == 1_000_000 - 400_000 + 50_000


def test_a_cgroup_without_a_limit_leaves_the_machines_room(tmp_path: Path) -> None:
    assert linux.available_memory_bytes(*cgroup_v2(tmp_path, "max")) == 5000 * 1024


def test_an_old_cgroup_that_is_seen_from_inside_a_container(tmp_path: Path) -> None:
    group, proc = tmp_path / "cgroup", tmp_path / "proc"
    (group / "memory").mkdir(parents=True)
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text("4:memory:/not/visible\n1:cpu:/\n")
    (group / "memory" / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    (group / "memory" / "memory.limit_in_bytes").write_text("900")
    (group / "memory" / "memory.usage_in_bytes").write_text("100")
    assert linux.out_of_memory_kills(group, proc) == 2
    assert linux.available_memory_bytes(group, proc) == 800


def test_nothing_there_is_none(tmp_path: Path) -> None:
    assert linux.out_of_memory_kills(tmp_path, tmp_path) is None
    assert linux.available_memory_bytes(tmp_path, tmp_path) is None
    assert linux.steal_ns(None, tmp_path / "stat") is None


def test_a_lock_is_held_by_whoever_has_the_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second = (os.open(path, os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert linux.lock(first, wait=False) is True
    holder = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[first])
    os.close(first)
    assert linux.lock(second, wait=False) is False
    holder.communicate(b"\n")
    assert linux.lock(second, wait=False) is True
    assert linux.unlock(second) is True
    os.close(second)


OTHER_SYSTEM = """
import sys
sys.platform = {platform!r}
from pathlib import Path
from carelabel.base import linux
from carelabel.process import process_tree
linux._PROC = process_tree._PROC = Path("/nowhere")
found = [linux.die_with_parent(), linux.adopt_orphans(), linux.affinity(), linux.pin([0]),
         linux.reset_peak(), linux.peak_bytes(), linux.resident_bytes(), linux.cap_memory_growth(1),
         linux.wait_ns(), process_tree.family(1),
         linux.watch_exit(1), linux.widen_pipe(0, 1), linux.threads()]
if sys.platform == "win32":
    found += [linux.freeze_group(1), linux.thaw_group(1), linux.signal_group(1, 0)]
print(found)
"""


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_everything_says_not_here(platform: Any) -> None:
    code = OTHER_SYSTEM.format(platform=platform)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": "."}
    )
    assert set(done.stdout.strip("[]\n").split(", ")) == {"None"}
