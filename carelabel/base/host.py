"""What this machine has. The records here are values; `probe_host` looks, lazily and without any framework.

The system's folders are parameters, so that tests look at folders of their own.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_MACHINES: Final = {"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64"}
_FLAGS: Final = {
    "avx2": "avx2", "avx512f": "avx512", "amx_tile": "amx",  # x86_64
    "asimd": "neon", "sve": "sve",  # arm64
}  # fmt: skip
_COMPILERS: Final = ("c++", "g++", "clang++")
_KIB: Final = 1024
_NO_LIMIT: Final = 1 << 60
"""Version 1 of cgroups writes a number near 2^63 where there is no limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """A machine as plans and labels know it.

    Attributes:
        tags: Hardware tags such as cpu, x86_64, avx512, intel-rapl, cuda, nvml.
        processors: Numbers of the processors this process may use.
        memory_bytes: Memory that may be used, cgroup limits respected.
        packages: Installed distributions by normalised name, with their versions.
        provides: Words that records may need of the machine: compiler, clear-refs, ...
        gpus: Names of the accelerators, in the order of their numbers.
        isolation: ``full`` on Linux, ``reduced`` elsewhere.
        cpu_quota: Processors' worth of time that a cgroup grants, or None without such a limit.
        gpu_ids: For each of `gpus` what CUDA_VISIBLE_DEVICES must hold to see it alone.
    """

    system: str
    platform: str
    python: str
    processor: str
    processors: tuple[int, ...]
    memory_bytes: int | None
    tags: frozenset[str]
    provides: frozenset[str]
    gpus: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    isolation: str = "full"
    cpu_quota: float | None = None
    gpu_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Roots:
    """Where the system's folders are."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    dev: Path = Path("/dev")


class InstalledPackages(Mapping[str, str]):
    """Installed distributions, looked up one at a time; a full list is only made when someone iterates."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[str, str | None] = {}

    def __getitem__(self, name: str) -> str:
        """Version of a distribution, by any spelling of its name.

        Raises:
            KeyError: If it is not installed.
        """
        name = _normalised(name)
        if name not in self._found:
            self._found[name] = _installed_version(name)
        version = self._found[name]
        if version is None:
            raise KeyError(name)
        return version

    def __iter__(self) -> Iterator[str]:
        """Names of all distributions, normalised and sorted."""
        from importlib import metadata  # noqa: PLC0415 - needed for packages only

        names = {_normalised(found) for one in metadata.distributions() if (found := _name(one))}
        return iter(sorted(name for name in names if name in self))

    def __len__(self) -> int:
        """Number of distributions."""
        return sum(1 for _ in self)


def probe_host(roots: Roots | None = None, environment: Mapping[str, str] = os.environ) -> Host:
    """Look at this machine.

    Args:
        roots: Where /proc, /sys and /dev are.
        environment: Variables: CUDA_VISIBLE_DEVICES hides accelerators, PATH and CXX lead to a compiler.
    """
    roots = roots or Roots()
    cpuinfo = _read(roots.proc / "cpuinfo")
    machine = platform.machine().lower()
    gpus, gpu_tags = _accelerators(roots, environment)
    return Host(
        system=platform.system(),
        platform=_platform(),
        python=platform.python_version(),
        processor=_processor(cpuinfo, machine),
        processors=_processors(),
        memory_bytes=_memory(roots),
        tags=frozenset(
            {"cpu", _MACHINES.get(machine, machine), *_processor_tags(cpuinfo), *_sensor_tags(roots), *gpu_tags}
        ),
        provides=frozenset(_provides(roots, environment)),
        gpus=tuple(gpus.values()),
        packages=InstalledPackages(),
        isolation="full" if sys.platform == "linux" else "reduced",
        cpu_quota=_cpu_quota(roots),
        gpu_ids=tuple(gpus),
    )


def _platform() -> str:
    """System, kernel, machine and C library in one word; platform.platform() would start a process for that."""
    if sys.platform != "linux":
        return platform.platform()
    system = os.uname()
    return f"{system.sysname}-{system.release}-{system.machine}-with-{''.join(platform.libc_ver())}"


def _processors() -> tuple[int, ...]:
    from carelabel.base import linux  # noqa: PLC0415 - which brings ctypes

    return linux.affinity() or tuple(range(os.cpu_count() or 1))


def _processor(cpuinfo: str, machine: str) -> str:
    for key in ("model name", "Model", "Hardware", "cpu model"):
        found = re.search(rf"^{key}\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
        if found:
            return found.group(1).strip()
    return (platform.processor() if sys.platform != "linux" else "") or machine


def _processor_tags(cpuinfo: str) -> Iterator[str]:
    found = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    flags = set(found.group(1).split()) if found else set()
    yield from (tag for flag, tag in _FLAGS.items() if flag in flags)


def _sensor_tags(roots: Roots) -> Iterator[str]:
    if any((roots.sys / "class" / "powercap").glob("intel-rapl*")):
        yield "intel-rapl"


def _accelerators(roots: Roots, environment: Mapping[str, str]) -> tuple[dict[str, str], frozenset[str]]:
    if not (roots.dev / "nvidia0").exists():
        return {}, frozenset()
    from carelabel.base.accelerators import probe_nvidia  # noqa: PLC0415 - only where there is one

    return probe_nvidia(roots.proc, environment.get("CUDA_VISIBLE_DEVICES"))


def _provides(roots: Roots, environment: Mapping[str, str]) -> Iterator[str]:
    compilers = [word for word in (environment.get("CXX", ""), *_COMPILERS) if word]
    if any(shutil.which(word, path=environment.get("PATH", os.defpath)) for word in compilers):
        yield "compiler"
    if os.access(roots.proc / "self" / "clear_refs", os.W_OK):
        yield "clear-refs"


def _memory(roots: Roots) -> int | None:
    """Bytes: the machine's memory or the lowest limit of the cgroups this process is in, whichever is less."""
    found = re.search(r"^MemTotal:\s*(\d+) kB$", _read(roots.proc / "meminfo"), re.MULTILINE)
    bounds = [int(found.group(1)) * _KIB] if found else []
    for folder in _cgroups(roots, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            text = _read(folder / name).strip()
            if text.isdigit() and int(text) < _NO_LIMIT:
                bounds.append(int(text))
    return min(bounds, default=None)


def _cpu_quota(roots: Roots) -> float | None:
    quotas = []
    for folder in _cgroups(roots, "cpu"):
        quota, period = (*_read(folder / "cpu.max").split(), "", "")[:2]  # version 2: "200000 100000" or "max 100000"
        quota = quota or _read(folder / "cpu.cfs_quota_us").strip()  # version 1: -1 without a limit
        period = period or _read(folder / "cpu.cfs_period_us").strip()
        if quota.isdigit() and period.isdigit() and int(period):
            quotas.append(int(quota) / int(period))
    return min(quotas, default=None)


def _cgroups(roots: Roots, controller: str) -> Iterator[Path]:
    """Folders of the cgroups this process is in, and of those around them, which limit it too."""
    base = roots.sys / "fs" / "cgroup"
    for line in _read(roots.proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = base / controller if controllers else base
        own = root / path.strip("/")
        yield from (folder for folder in (own, *own.parents) if folder == root or root in folder.parents)


def _read(path: Path) -> str:
    """Text of a system file, empty where it is not there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed_version(name: str) -> str | None:
    from importlib import metadata  # noqa: PLC0415 - needed for packages only

    try:
        return _text(metadata.version(name))
    except (metadata.PackageNotFoundError, KeyError):  # KeyError: its METADATA names no version
        return None


def _name(distribution: object) -> str | None:
    return _text(getattr(distribution, "metadata", {}).get("Name"))


def _text(value: object) -> str | None:
    """A half-removed distribution gives None where its type promises text."""
    return value if isinstance(value, str) else None
