"""The powercap reader on trees as kernels show them, with a feeder that adds a known power."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.plugin.interfaces import NotMeasured
from carelabel_rapl.meter import DramMeter, PackageMeter
from carelabel_rapl.plugin import carelabel_meters

if TYPE_CHECKING:
    from pathlib import Path

RANGE_UJ = 262_143_328_850
"""About 22 minutes at 200 W, as many processors have it."""


@dataclass
class Tree:
    """A powercap tree: folder name to the counter's name."""

    root: Path
    zones: dict[str, str]
    range_uj: int = RANGE_UJ
    held: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.root / "intel-rapl").mkdir(parents=True)  # the control type itself has no counter
        for folder, name in self.zones.items():
            (self.root / folder).mkdir()
            (self.root / folder / "name").write_text(f"{name}\n")
            (self.root / folder / "max_energy_range_uj").write_text(f"{self.range_uj}\n")
            self.set(folder, 1000)

    def set(self, folder: str, microjoules: int) -> None:
        self.held[folder] = microjoules % self.range_uj
        (self.root / folder / "energy_uj").write_text(f"{self.held[folder]}\n")

    def feed(self, folder: str, watts: float, seconds: float) -> None:
        self.set(folder, self.held[folder] + round(watts * seconds * 1e6))

    def meter(self, kind: type = PackageMeter, **options: Any) -> Any:
        return kind(root=self.root, cpuinfo=self.root / "cpuinfo", **options)


ONE_SOCKET = {"intel-rapl:0": "package-0", "intel-rapl:0:0": "core", "intel-rapl:0:1": "uncore"}
WITH_DRAM = {**ONE_SOCKET, "intel-rapl:0:2": "dram"}
TWO_SOCKETS = {**WITH_DRAM, "intel-rapl:1": "package-1", "intel-rapl:1:0": "dram"}
LAPTOP = {**ONE_SOCKET, "intel-rapl:1": "psys", "intel-rapl-mmio:0": "package-0"}


@pytest.mark.parametrize(
    ("zones", "packages", "memory"),
    [
        (ONE_SOCKET, ("package-0",), None),
        (WITH_DRAM, ("package-0",), ("dram-0",)),
        (TWO_SOCKETS, ("package-0", "package-1"), ("dram-0", "dram-1")),
        (LAPTOP, ("package-0",), None),
        ({"intel-rapl-mmio:0": "package-0", "intel-rapl:0": "psys"}, ("package-0",), None),
        ({"intel-rapl:0": "psys"}, ("psys",), None),
    ],
    ids=["one socket", "with dram", "two sockets", "laptop with psys and mmio", "mmio alone", "psys alone"],
)
def test_zones_that_contain_each_other_are_never_read_together(
    tmp_path: Path, zones: Any, packages: Any, memory: Any
) -> None:
    tree = Tree(tmp_path / "powercap", zones)
    assert tree.meter().probe() == packages
    found = tree.meter(DramMeter).probe()
    if memory is None:
        assert isinstance(found, NotMeasured)
        assert found.code == "no-counter"
    else:
        assert found == memory


def test_zones_that_the_kernel_nests_and_links_are_counted_once(tmp_path: Path) -> None:
    """/sys/class/powercap holds links to folders that also hold each other."""
    devices = tmp_path / "devices"
    Tree(devices, {"intel-rapl:0": "package-0"})
    inner = devices / "intel-rapl:0" / "intel-rapl:0:0"
    inner.mkdir()
    for name, text in {"name": "dram", "max_energy_range_uj": "1000", "energy_uj": "1"}.items():
        (inner / name).write_text(text)
    root = tmp_path / "class"
    root.mkdir()
    (root / "intel-rapl:0").symlink_to(devices / "intel-rapl:0")
    (root / "intel-rapl:0:0").symlink_to(inner)
    assert PackageMeter(root=root, cpuinfo=root / "none").probe() == ("package-0",)
    assert DramMeter(root=root, cpuinfo=root / "none").probe() == ("dram-0",)


def test_fifty_watts_are_read_as_fifty_watts(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "powercap", TWO_SOCKETS)
    package, memory = tree.meter(), tree.meter(DramMeter)
    package.start()
    memory.start()
    for _ in range(100):
        tree.feed("intel-rapl:0", 50.0, 0.1)
        tree.feed("intel-rapl:0:0", 45.0, 0.1)  # the cores are in the package already
        tree.feed("intel-rapl:1", 20.0, 0.1)
        tree.feed("intel-rapl:0:2", 5.0, 0.1)
    assert package.stop() == pytest.approx({"package-0": 500.0, "package-1": 200.0}, rel=0.01)
    assert memory.stop() == pytest.approx({"dram-0": 50.0, "dram-1": 0.0}, rel=0.01)


def test_a_wrap_around_in_the_middle_is_no_loss(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "powercap", ONE_SOCKET)
    tree.set("intel-rapl:0", RANGE_UJ - 10_000_000)
    meter = tree.meter()
    meter.start()
    tree.feed("intel-rapl:0", 50.0, 1.0)
    assert tree.held["intel-rapl:0"] == 40_000_000
    assert meter.stop() == pytest.approx({"package-0": 50.0})


def test_several_wrap_arounds_are_seen_by_looking_often_enough(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "powercap", ONE_SOCKET, range_uj=70_000_000)
    meter = tree.meter()
    meter.start()
    for _ in range(10):
        tree.feed("intel-rapl:0", 50.0, 1.0)
        meter.update()
    assert meter.stop() == pytest.approx({"package-0": 500.0})


def test_a_meter_can_be_started_again(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "powercap", ONE_SOCKET)
    meter = tree.meter()
    for watts in (50.0, 20.0):
        meter.start()
        tree.feed("intel-rapl:0", watts, 1.0)
        assert meter.stop() == pytest.approx({"package-0": watts})


def test_a_counter_without_a_range_that_runs_backwards_gives_no_figure(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "powercap", ONE_SOCKET)
    (tree.root / "intel-rapl:0" / "max_energy_range_uj").unlink()
    meter = tree.meter()
    meter.start()
    tree.set("intel-rapl:0", 0)
    found = meter.stop()
    assert isinstance(found, NotMeasured)
    assert found.code == "no-range"


def refuse(path: Path) -> str:
    raise PermissionError(13, "Permission denied", str(path))


def test_a_counter_that_only_root_may_read_is_its_own_reason_with_the_fix(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "powercap", ONE_SOCKET)
    meter = tree.meter(read=refuse)
    found = meter.probe()
    assert isinstance(found, NotMeasured)
    assert found.code == "permission-denied"
    assert "can be read by root alone" in found.text
    assert found.hint.startswith(f"sudo chmod a+r {tree.root}/*/energy_uj")
    meter.start()
    assert meter.stop() == found


def test_a_counter_that_goes_away_in_the_middle_gives_no_figure(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "powercap", ONE_SOCKET)
    meter = tree.meter()
    meter.start()
    (tree.root / "intel-rapl:0" / "energy_uj").unlink()
    found = meter.stop()
    assert isinstance(found, NotMeasured)
    assert "cannot be read as a counter" in found.text


@pytest.mark.parametrize(
    ("flags", "code"), [("fpu hypervisor sse", "virtualised"), ("fpu sse", "no-counter"), (None, "no-counter")]
)
def test_without_a_tree_the_reason_is_named(tmp_path: Path, flags: Any, code: Any) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    if flags:
        cpuinfo.write_text(f"processor : 0\nflags\t\t: {flags}\n")
    meter = PackageMeter(root=tmp_path / "none", cpuinfo=cpuinfo)
    found = meter.probe()
    assert isinstance(found, NotMeasured)
    assert found.code == code
    meter.start()
    assert meter.stop() == found


def test_stopping_what_was_not_started(tmp_path: Path) -> None:
    found = Tree(tmp_path / "powercap", ONE_SOCKET).meter().stop()
    assert isinstance(found, NotMeasured)
    assert found.code == "not-started"


def test_both_domains_are_declared_as_counters() -> None:
    assert {(record.name, record.domain, record.grade) for record in carelabel_meters()} == {
        ("package", "package", "counter"),
        ("dram", "dram", "counter"),
    }
