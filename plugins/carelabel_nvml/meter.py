"""The energy counter of NVIDIA boards: end minus start, in joules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from carelabel.plugin.interfaces import NotMeasured
from carelabel_nvml.devices import Devices, close_devices, open_devices

if TYPE_CHECKING:
    from collections.abc import Mapping

_MILLI: Final = 1e-3


class EnergyMeter:
    """Counters of all devices that have one: 64 bits of millijoules since the driver was loaded, which do not wrap."""

    period_s: ClassVar[float] = 0.1
    """Boards bring their counter up to date every 20 to 100 ms."""

    def __init__(self, library: Any = None) -> None:  # noqa: ANN401 - a module
        """Choose the library.

        Args:
            library: What stands in for the module pynvml.
        """
        self._library = library
        self._devices: Devices | NotMeasured | None = None
        self._first: dict[str, int] = {}

    def probe(self) -> tuple[str, ...] | NotMeasured:
        """Names of the devices with a counter, or why there are none."""
        devices = open_devices(self._library)
        if isinstance(devices, NotMeasured):
            return devices
        names = tuple(sorted(devices.with_counter))
        close_devices(devices)
        return names or _no_counter()

    def start(self) -> None:
        """Begin to count."""
        self._devices = open_devices(self._library)
        if isinstance(self._devices, Devices):
            self._first = self._read(self._devices)

    def stop(self) -> Mapping[str, float] | NotMeasured:
        """Joules by device since `start`, or why there are none."""
        devices, self._devices = self._devices, None
        if devices is None:
            return NotMeasured(code="not-started", text="the meter was stopped before it was started")
        if isinstance(devices, NotMeasured):
            return devices
        try:
            last = self._read(devices)
        except devices.library.NVMLError as error:
            return NotMeasured(code="no-counter", text=f"a device stopped answering: {' '.join(str(error).split())}")
        finally:
            close_devices(devices)
        return {name: (last[name] - self._first[name]) * _MILLI for name in last} or _no_counter()

    @staticmethod
    def _read(devices: Devices) -> dict[str, int]:
        """Device to its counter in millijoules."""
        read = devices.library.nvmlDeviceGetTotalEnergyConsumption
        return {name: int(read(handle)) for name, handle in sorted(devices.with_counter.items())}


def _no_counter() -> NotMeasured:
    text = "no device here counts its energy; that begins with the Volta generation"
    return NotMeasured(code="no-counter", text=text, hint="the meter nvml.sampled-power reads their power instead")
