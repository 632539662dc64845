"""Meters that read powercap counters: differences of a counter that wraps around, in joules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from carelabel.plugin.interfaces import NotMeasured
from carelabel_rapl.zones import Domain, Zone, find_zones

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POWERCAP: Final = Path("/sys/class/powercap")
CPUINFO: Final = Path("/proc/cpuinfo")
_MICRO: Final = 1e-6
_MODULES: Final = "on a bare machine: modprobe intel_rapl_msr (Linux 5.4 or later; AMD from 5.8)"


def read_text(path: Path) -> str:
    """Read a small file."""
    return path.read_text(encoding="ascii")


class CounterMeter:
    """The non-overlapping counters of one domain.

    A counter wraps around at the end of its range, in as little as 22 minutes at 200 W. `stop` sees one wrap-around;
    call `update` more often than that during longer measurements.
    """

    domain: ClassVar[Domain]

    def __init__(self, root: Path = POWERCAP, cpuinfo: Path = CPUINFO, read: Callable[[Path], str] = read_text) -> None:
        """Look for the counters.

        Args:
            root: The powercap tree.
            cpuinfo: Tells whether this is a virtual machine.
            read: Reads a counter's file.
        """
        self._root, self._cpuinfo, self._read = root, cpuinfo, read
        self._zones: tuple[Zone, ...] = ()
        self._last: dict[str, int] = {}
        self._sum_uj: dict[str, int] = {}
        self._problem: NotMeasured | None = None

    def probe(self) -> tuple[str, ...] | NotMeasured:
        """Names of the counters that can be read here, or why there are none."""
        self._zones = find_zones(self._root, self.domain)
        if not self._zones:
            return self._without_counter()
        counts = self._counts()
        return counts if isinstance(counts, NotMeasured) else tuple(counts)

    def start(self) -> None:
        """Begin to count."""
        self._problem = None
        names = self.probe()
        counts = names if isinstance(names, NotMeasured) else self._counts()
        if isinstance(counts, NotMeasured):
            self._problem = counts
            return
        self._last, self._sum_uj = counts, dict.fromkeys(counts, 0)

    def update(self) -> None:
        """Add what was used since the last look."""
        counts = self._counts() if self._problem is None else self._problem
        if isinstance(counts, NotMeasured):
            self._problem = counts
            return
        for zone in self._zones:
            used = counts[zone.sensor] - self._last[zone.sensor]
            if used < 0 and not zone.range_uj:
                text = f"{zone.sensor} ran backwards and does not say where it wraps around"
                self._problem = NotMeasured(code="no-range", text=text)
                return
            self._sum_uj[zone.sensor] += used % zone.range_uj if zone.range_uj else used
        self._last = counts

    def stop(self) -> Mapping[str, float] | NotMeasured:
        """Joules by sensor since `start`, or why there are none."""
        if not self._last and self._problem is None:
            return NotMeasured(code="not-started", text="the meter was stopped before it was started")
        self.update()
        if self._problem is not None:
            return self._problem
        return {sensor: used * _MICRO for sensor, used in self._sum_uj.items()}

    def _counts(self) -> dict[str, int] | NotMeasured:
        """Sensor to its counter in microjoules."""
        counts = {}
        for zone in self._zones:
            file = zone.folder / "energy_uj"
            try:
                counts[zone.sensor] = int(self._read(file))
            except PermissionError:
                return NotMeasured(
                    code="permission-denied",
                    text=f"{file} can be read by root alone, as the kernel ships it since CVE-2020-8694",
                    hint=f"sudo chmod a+r {self._root}/*/energy_uj, until the next start of the machine",
                )
            except (OSError, ValueError) as error:
                text = f"{file} cannot be read as a counter: {' '.join(str(error).split())}"
                return NotMeasured(code="no-counter", text=text)
        return counts

    def _without_counter(self) -> NotMeasured:
        if self.domain == "dram" and find_zones(self._root, "package"):
            text = "this processor counts the energy of its packages and not of its memory"
            return NotMeasured(code="no-counter", text=text)
        if self._is_virtual():
            text = "this is a virtual machine, and its host does not hand on the processor's energy counters"
            return NotMeasured(code="virtualised", text=text, hint="measure on the bare machine, or with a wall meter")
        text = f"there is no {self.domain} counter under {self._root}"
        return NotMeasured(code="no-counter", text=text, hint=_MODULES)

    def _is_virtual(self) -> bool:
        try:
            lines = self._cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return False
        return any("hypervisor" in line.split() for line in lines if line.startswith("flags"))


class PackageMeter(CounterMeter):
    """Processor packages."""

    domain = "package"


class DramMeter(CounterMeter):
    """Memory at the processor packages."""

    domain = "dram"
