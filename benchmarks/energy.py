"""Energy against a known power: a feeder adds joules to the counters of a powercap tree on the disk, in real time.

* 20 W are fed always and 50 W more while the workload runs; the 50 W are found within 1 %.
* The same with a counter that wraps around in the middle, with two sockets, and with memory counted apart.
* What the meters of this machine say.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from _tables import Report, percent, spread

from carelabel.measure.energy import Energy, measure_energy
from carelabel.measure.timing import Clock
from carelabel.plugin.interfaces import NotMeasured
from carelabel_rapl.meter import DramMeter, PackageMeter

if TYPE_CHECKING:
    from collections.abc import Mapping

IDLE_W, BUSY_W = 20.0, 50.0
ROUNDS = 3
SECONDS = 2.0
CALL_NS = 2_000_000
LONG_UJ = 262_143_328_850
TREES: dict[str, tuple[dict[str, str], int]] = {
    "one socket": ({"intel-rapl:0": "package-0"}, LONG_UJ),
    "wraps around in the middle of the work": ({"intel-rapl:0": "package-0"}, 170_000_000),
    "two sockets": ({"intel-rapl:0": "package-0", "intel-rapl:1": "package-1"}, LONG_UJ),
    "cores and mmio beside the package": (
        {"intel-rapl:0": "package-0", "intel-rapl:0:0": "core", "intel-rapl-mmio:0": "package-0"},
        LONG_UJ,
    ),
}


def plant(root: Path, zones: Mapping[str, str], wrap_uj: int) -> None:
    """Write a tree as the kernel shows it."""
    for folder, name in zones.items():
        (root / folder).mkdir(parents=True)
        (root / folder / "name").write_text(f"{name}\n")
        (root / folder / "max_energy_range_uj").write_text(f"{wrap_uj}\n")
        (root / folder / "energy_uj").write_text("0\n")


@dataclass(kw_only=True, slots=True)
class Feeder:
    """Brings a tree up to date whenever it is about to be read: the known power, shared evenly by the packages."""

    root: Path
    packages: tuple[str, ...]
    wrap_uj: int
    begin: int = field(default_factory=time.monotonic_ns)
    worked: int = 0
    since: int | None = None

    def read(self, path: Path) -> str:
        """Feed, then read the file as the meter would."""
        now = time.monotonic_ns()
        worked = self.worked + (0 if self.since is None else now - self.since)
        joules = (IDLE_W * (now - self.begin) + BUSY_W * worked) / 1e9
        for zone in self.packages:
            (self.root / zone / "energy_uj").write_text(f"{round(joules * 1e6 / len(self.packages)) % self.wrap_uj}\n")
        return path.read_text()

    def work(self, _: object) -> None:
        """A call of 2 ms, during which power is drawn for work."""
        self.since = begin = time.monotonic_ns()
        while time.monotonic_ns() - begin < CALL_NS:
            pass
        self.worked, self.since = self.worked + time.monotonic_ns() - begin, None


def known(report: Report) -> None:
    """A known power on several trees."""
    report.head("50 W on top of 20 W", ["tree", "net power found, W: median (range)", "off by", "within 1 %"])
    for name, (zones, wrap_uj) in TREES.items():
        packages = tuple(zone for zone, kind in zones.items() if kind.startswith("package") and "mmio" not in zone)
        found = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder) / "powercap"
                plant(root, zones, wrap_uj)
                found.append(_net_watts(Feeder(root=root, packages=packages, wrap_uj=wrap_uj)))
        off = statistics.median(found) / BUSY_W - 1
        report.row(name, spread(found), percent(off), holds=abs(off) <= 0.01)  # noqa: PLR2004 - the figure in the claim


def _net_watts(feeder: Feeder) -> float:
    root = feeder.root
    meters = {"package": PackageMeter(root=root, cpuinfo=root / "none", read=feeder.read)}
    workload = measure_energy(feeder.work, itertools.repeat(0), meters, Clock(), SECONDS)
    energy = workload.energy["package"]
    if not isinstance(energy, Energy):
        sys.exit(f"the tree must be readable: {energy.text}")
    return (energy.gross_j - energy.idle_j) / workload.seconds


def here(report: Report) -> None:
    """What this machine has."""
    report.head("Meters of this machine", ["meter", "sensors, or why there are none"])
    for name, make in (("package", PackageMeter), ("dram", DramMeter)):
        found = make().probe()
        text = f"{found.code}: {found.text}" if isinstance(found, NotMeasured) else ", ".join(found)
        report.row(name, text)


def main() -> int:
    """Both tables."""
    report = Report()
    known(report)
    here(report)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
