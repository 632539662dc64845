"""Every call that only some systems have; what they say of other processes is in `carelabel.process.process_tree`.

Each function answers None where the system has nothing of the kind, so that callers can say "not here" on the
label. Importing this file never fails.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_PROC: Final = Path("/proc")
_CGROUP: Final = Path("/sys/fs/cgroup")
_KIB: Final = 1024
_NS: Final = 1_000_000_000
_STEAL_FIELD: Final = 8


def _prctl(option: int, value: int) -> bool | None:
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415 - only workers need it

    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0)


def die_with_parent() -> bool | None:
    """Have this process killed as soon as the thread that started it ends."""
    return _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) if sys.platform == "linux" else None


def adopt_orphans() -> bool | None:
    """Make this process the parent of its descendants' orphans, so that they can be found from it."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def affinity() -> tuple[int, ...] | None:
    """Numbers of the processors that this process may use, sorted."""
    if sys.platform != "linux":
        return None
    return tuple(sorted(os.sched_getaffinity(0)))


def pin(processors: Sequence[int]) -> tuple[int, ...] | None:
    """Let this process, and threads it starts from now on, use these processors only; gives those it was granted.

    Raises:
        OSError: If none of them may be used.
    """
    if sys.platform != "linux":
        return None
    os.sched_setaffinity(0, processors)
    return affinity()


def choose_processors(
    count: int, allowed: Sequence[int], topology: Path = Path("/sys/devices/system/cpu")
) -> tuple[int, ...]:
    """Choose `count` of the allowed processors: one a physical core as long as there are some, the last ones first.

    The first processors serve most interrupts; two hardware threads of one core slow each other down.
    """
    seen: set[str] = set()
    first: list[int] = []
    second: list[int] = []
    for number in sorted(allowed, reverse=True):
        core = read_text(topology / f"cpu{number}" / "topology" / "thread_siblings_list") or str(number)
        (second if core in seen else first).append(number)
        seen.add(core)
    return tuple(sorted((first + second)[:count]))


def lock(descriptor: int, *, wait: bool) -> bool | None:
    """Take an exclusive flock, held until the last copy of the descriptor is closed. False: somebody else holds it."""
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> bool | None:
    """Give a flock back, for every copy of the descriptor."""
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True


def reset_peak() -> bool | None:
    """Set this process's peak resident memory back to what is resident now. False when the kernel refuses."""
    if not (_PROC / "self" / "clear_refs").exists():
        return None
    try:
        (_PROC / "self" / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _status_bytes(field: str, pid: int | None) -> int | None:
    text = read_text(_PROC / (str(pid) if pid else "self") / "status") or ""
    for line in text.splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * _KIB
    return None


def peak_bytes(pid: int | None = None) -> int | None:
    """Peak resident memory (VmHWM) since start or `reset_peak`, in bytes. Never ru_maxrss, which children inherit."""
    return _status_bytes("VmHWM", pid)


def resident_bytes(pid: int | None = None) -> int | None:
    """Resident memory (VmRSS) in bytes."""
    return _status_bytes("VmRSS", pid)


def cap_memory_growth(growth: int) -> bool | None:
    """Let this process's address space grow by at most `growth` bytes from now on."""
    now = _status_bytes("VmSize", None)
    if now is None:
        return None
    import resource  # noqa: PLC0415 - not on every system

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = now + growth
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    return True


def available_memory_bytes(cgroup: Path = _CGROUP, proc: Path = _PROC) -> int | None:
    """Bytes that new processes can fill before something is swapped or killed, limits of the cgroup respected."""
    free = _counter(proc / "meminfo", "MemAvailable:")
    rooms = [] if free is None else [free * _KIB]
    for events in _memory_files(cgroup, proc):
        is_v2 = events.name == "memory.events"
        limit = read_text(events.with_name("memory.max" if is_v2 else "memory.limit_in_bytes")) or ""
        used = read_text(events.with_name("memory.current" if is_v2 else "memory.usage_in_bytes")) or ""
        cache = _counter(events.with_name("memory.stat"), "inactive_file" if is_v2 else "total_inactive_file") or 0
        if limit.isdigit() and used.isdigit():
            rooms.append(max(0, int(limit) - int(used) + cache))
    return min(rooms) if rooms else None


def wait_ns() -> int | None:
    """Nanoseconds that this process's living threads were ready to run and had to wait for a processor."""
    total, found = 0, False
    for thread in children_of(_PROC / "self" / "task"):
        fields = (read_text(thread / "schedstat") or "").split()
        if len(fields) > 1:
            total, found = total + int(fields[1]), True
    return total if found else None


def run_ns_by_thread() -> Mapping[int, int] | None:
    """Nanoseconds that each living thread of this process has run, by its number; a running one lags by a tick."""
    found = {}
    for thread in children_of(_PROC / "self" / "task"):
        fields = (read_text(thread / "schedstat") or "").split()
        if fields:
            found[int(thread.name)] = int(fields[0])
    return found or None


def steal_ns(processors: Sequence[int] | None = None, stat: Path = _PROC / "stat") -> int | None:
    """Nanoseconds that the hypervisor kept these processors (all of them by default) from running."""
    names = {f"cpu{number}" for number in processors} if processors else {"cpu"}
    text = read_text(stat)
    if text is None:
        return None
    rows = [line.split() for line in text.splitlines() if line.split(maxsplit=1)[:1] and line.split()[0] in names]
    ticks = [int(row[_STEAL_FIELD]) for row in rows if len(row) > _STEAL_FIELD]
    return sum(ticks) * _NS // os.sysconf("SC_CLK_TCK") if ticks else None


def signal_group(group: int, number: int) -> bool | None:
    """Send a signal to a process group. False when the group is gone."""
    if sys.platform == "win32":
        return None
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def freeze_group(group: int) -> bool | None:
    """Stop every process of a group (SIGSTOP)."""
    return None if sys.platform == "win32" else signal_group(group, signal.SIGSTOP)


def thaw_group(group: int) -> bool | None:
    """Let every process of a group go on (SIGCONT)."""
    return None if sys.platform == "win32" else signal_group(group, signal.SIGCONT)


def watch_exit(pid: int) -> int | None:
    """A descriptor that becomes readable when a child process ends; the caller closes it."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # kernels before 5.3
        return None


def widen_pipe(descriptor: int, size: int) -> bool | None:
    """Let a pipe hold up to `size` bytes. False when the system refuses; the pipe then works as before."""
    if sys.platform != "linux":
        return None
    import fcntl  # noqa: PLC0415 - not on every system

    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, size)
    except OSError:
        return False
    return True


def threads() -> int | None:
    """Number of threads that this process has now."""
    return len(children_of(_PROC / "self" / "task")) or None


def out_of_memory_kills(cgroup: Path = _CGROUP, proc: Path = _PROC) -> int | None:
    """How many processes the kernel has killed for want of memory, in this cgroup and on this machine together.

    Only its growth means something.
    """
    counts = [_counter(path, "oom_kill") for path in (*_memory_files(cgroup, proc), proc / "vmstat")]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _memory_files(cgroup: Path, proc: Path) -> list[Path]:
    found: list[Path] = []
    for line in (read_text(proc / "self" / "cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base, name = (cgroup / "memory", "memory.oom_control") if controllers else (cgroup, "memory.events")
        own = base / path.strip("/") / name
        found.append(own if own.exists() else base / name)
    return found


def _counter(path: Path, name: str) -> int | None:
    for line in (read_text(path) or "").splitlines():
        fields = line.split()
        if fields[:1] == [name]:
            return int(fields[1])
    return None


def children_of(folder: Path) -> list[Path]:
    """What is in a folder; nothing when it is not here."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def read_text(path: Path) -> str | None:
    """Text of a small system file, or None when it is not here or its process is gone."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None
