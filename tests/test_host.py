"""What a machine has, told from its own files: whole machines stand here as a few lines each."""

from __future__ import annotations

import platform
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.base.accelerators import probe_nvidia
from carelabel.base.host import Host, InstalledPackages, Roots, probe_host
from carelabel.base.json_codec import from_json, to_json

if TYPE_CHECKING:
    import ctypes
    from pathlib import Path

GIB = 1024**3
CPUINFO = "processor\t: 0\nmodel name\t: AMD EPYC 7763\nflags\t\t: fpu sse2 avx2 avx512f avx512bw amx_tile\n"
ARM = "processor\t: 0\nBogoMIPS\t: 50\nFeatures\t: fp asimd sve\nCPU part\t: 0xd40\n"


def tree(root: Path, files: dict[str, str]) -> Roots:
    """A fake system: path to content."""
    for name, content in {"proc/meminfo": "MemTotal:       16777216 kB\nMemFree: 1 kB\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Roots(proc=root / "proc", sys=root / "sys", dev=root / "dev")


def probe(root: Path, files: dict[str, str], **environment: str) -> Host:
    return probe_host(tree(root, files), environment)


def test_this_machine_is_found() -> None:
    host = probe_host()
    assert host.system == platform.system()
    assert host.python == platform.python_version()
    assert "cpu" in host.tags
    assert host.processors
    assert host.processor
    assert host.isolation == ("full" if sys.platform == "linux" else "reduced")


def test_processor_and_vector_units(tmp_path: Path) -> None:
    host = probe(tmp_path, {"proc/cpuinfo": CPUINFO})
    assert host.processor == "AMD EPYC 7763"
    assert {"cpu", "avx2", "avx512", "amx"} <= host.tags


@pytest.mark.parametrize(
    ("machine", "tag"), [("aarch64", "arm64"), ("arm64", "arm64"), ("AMD64", "x86_64"), ("x86_64", "x86_64")]
)
def test_the_architecture_has_one_name_on_every_system(
    tmp_path: Path, monkeypatch: Any, machine: str, tag: str
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert tag in probe(tmp_path, {}).tags


def test_an_arm_board_without_a_model_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(sys, "platform", "linux")
    host = probe(tmp_path, {"proc/cpuinfo": ARM})
    assert {"arm64", "neon", "sve"} <= host.tags
    assert host.processor == "aarch64"


V2 = {"proc/self/cgroup": "0::/user/run\n", "sys/fs/cgroup/user/run/memory.max": "max\n"}
V1 = {"proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/\n"}
MEMORY = {
    "the machine's own": ({}, 16 * GIB),
    "version 2, no limit": (V2, 16 * GIB),
    "version 2, limit of a parent": ({**V2, "sys/fs/cgroup/user/memory.max": f"{2 * GIB}\n"}, 2 * GIB),
    "version 2, lowest of two": (
        {**V2, "sys/fs/cgroup/user/memory.max": f"{2 * GIB}", "sys/fs/cgroup/user/run/memory.max": f"{GIB}"},
        GIB,
    ),
    "version 1": ({**V1, "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": f"{3 * GIB}\n"}, 3 * GIB),
    "version 1, seen from inside": ({**V1, "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{3 * GIB}\n"}, 3 * GIB),
    "version 1, no limit": ({**V1, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 16 * GIB),
}


@pytest.mark.parametrize("case", MEMORY)
def test_memory_is_what_the_cgroups_leave(tmp_path: Path, case: str) -> None:
    files, expected = MEMORY[case]
    assert probe(tmp_path, files).memory_bytes == expected


def test_unknown_memory_is_none(tmp_path: Path) -> None:
    assert probe(tmp_path, {"proc/meminfo": ""}).memory_bytes is None


QUOTA = {
    "none": ({}, None),
    "version 2": ({**V2, "sys/fs/cgroup/user/cpu.max": "150000 100000\n"}, 1.5),
    "version 2, no limit": ({**V2, "sys/fs/cgroup/user/cpu.max": "max 100000\n"}, None),
    "version 1": (
        {**V1, "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"},
        0.5,
    ),
    "version 1, no limit": (
        {**V1, "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"},
        None,
    ),
}


@pytest.mark.parametrize("case", QUOTA)
def test_the_quota_of_processor_time(tmp_path: Path, case: str) -> None:
    files, expected = QUOTA[case]
    assert probe(tmp_path, files).cpu_quota == expected


def test_rapl_is_a_tag_where_powercap_has_it(tmp_path: Path) -> None:
    assert "intel-rapl" not in probe(tmp_path / "without", {}).tags
    assert "intel-rapl" in probe(tmp_path / "with", {"sys/class/powercap/intel-rapl:0/energy_uj": "1"}).tags


def test_a_compiler_is_provided_where_one_is_on_the_path(tmp_path: Path) -> None:
    assert "compiler" not in probe(tmp_path, {}, PATH=str(tmp_path)).provides
    for name, variables in (("clang++", {}), ("acme-c++", {"CXX": "acme-c++"})):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text("")
        (folder / name).chmod(0o755)
        assert "compiler" in probe(tmp_path, {}, PATH=str(folder), **variables).provides


def test_peak_memory_can_be_reset_where_clear_refs_is_writable(tmp_path: Path) -> None:
    assert "clear-refs" not in probe(tmp_path / "without", {}).provides
    assert "clear-refs" in probe(tmp_path / "with", {"proc/self/clear_refs": ""}).provides


def gpu(minor: int, model: str) -> dict[str, str]:
    name = f"proc/driver/nvidia/gpus/0000:0{9 - minor}:00.0/information"
    return {name: f"Model: \t\t {model}\nIRQ:   35\nDevice Minor: \t {minor}\n"}


def test_accelerators_are_named_by_the_driver_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    host = probe(tmp_path, {"dev/nvidia0": "", **gpu(0, "NVIDIA A"), **gpu(1, "NVIDIA B")})
    assert (host.gpus, host.gpu_ids) == (("NVIDIA A", "NVIDIA B"), ("0", "1"))
    assert "cuda" in host.tags


def test_without_the_device_there_is_no_accelerator(tmp_path: Path) -> None:
    host = probe(tmp_path, gpu(0, "NVIDIA A"))
    assert (host.gpus, host.tags & {"cuda", "nvml"}) == ((), frozenset())


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("", {}),
        ("-1", {}),
        ("1", {"1": "B"}),
        ("1,0", {"1": "B", "0": "A"}),
        ("0,7,1", {"0": "A"}),
        ("GPU-1b2c", {"GPU-1b2c": "GPU-1b2c"}),
        (None, {"0": "A", "1": "B"}),
    ],
)
def test_hidden_accelerators_stay_hidden(tmp_path: Path, visible: str | None, expected: dict[str, str]) -> None:
    roots = tree(tmp_path, {**gpu(0, "A"), **gpu(1, "B")})
    found, tags = probe_nvidia(roots.proc, visible, load=_no_library)
    assert found == expected
    assert tags == (frozenset({"cuda"}) if expected else frozenset())


def _no_library(name: str) -> Any:
    raise OSError(name)


class Library:
    """The part of the driver's library that is called, with `names` as its accelerators."""

    def __init__(self, *names: bytes, init: int = 0) -> None:
        self.names, self.init, self.closed = names, init, False

    def nvmlInit_v2(self) -> int:  # noqa: N802 - the library's name
        return self.init

    def nvmlShutdown(self) -> int:  # noqa: N802 - as above
        self.closed = True
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802 - as above
        count._obj.value = len(self.names)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, number: ctypes.c_uint, handle: Any) -> int:  # noqa: N802 - as above
        handle._obj.value = number.value + 1
        return 0 if self.names[number.value] else 4

    def nvmlDeviceGetName(self, handle: ctypes.c_void_p, name: Any, size: ctypes.c_uint) -> int:  # noqa: N802 - as above
        name.value = self.names[(handle.value or 0) - 1][: size.value]
        return 0


def test_the_drivers_library_gives_names_and_the_tag_nvml(tmp_path: Path) -> None:
    library = Library(b"NVIDIA H1", b"")
    found, tags = probe_nvidia(tmp_path, None, load=lambda _: library)
    assert found == {"0": "NVIDIA H1", "1": "unknown"}
    assert tags == {"cuda", "nvml"}
    assert library.closed


def test_a_library_that_does_not_start_is_no_nvml(tmp_path: Path) -> None:
    roots = tree(tmp_path, gpu(0, "A"))
    assert probe_nvidia(roots.proc, None, load=lambda _: Library(init=9)) == ({"0": "A"}, {"cuda"})


def test_packages_are_found_by_any_spelling() -> None:
    packages = InstalledPackages()
    assert packages["pydantic_core"] == packages["Pydantic.Core"] == packages["pydantic-core"]
    assert "no-such-distribution" not in packages
    names = list(packages)
    assert "pydantic-core" in names
    assert names == sorted(set(names))
    assert len(packages) == len(names)


def test_a_half_removed_distribution_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torn-1.0.dist-info").mkdir()
    (tmp_path / "torn-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: torn\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    packages = InstalledPackages()
    assert "torn" not in packages
    assert "torn" not in list(packages)


def test_a_host_travels_as_json(tmp_path: Path) -> None:
    host = probe(tmp_path, {"proc/cpuinfo": CPUINFO, "dev/nvidia0": "", **gpu(0, "NVIDIA A")})
    back = from_json(Host, to_json(host))
    assert back == Host(**{**_fields(host), "packages": dict(host.packages)})


def _fields(host: Host) -> dict[str, Any]:
    return {name: getattr(host, name) for name in Host.__slots__}


def test_looking_at_the_machine_imports_little() -> None:
    code = (
        "import sys; from carelabel.base.host import probe_host; probe_host();"
        "assert not {'numpy', 'pydantic', 'importlib.metadata', 'torch', 'subprocess'} &"
        " set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
