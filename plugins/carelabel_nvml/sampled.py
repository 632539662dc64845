"""Power of boards that do not count energy, sampled and summed up."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar, Final

from carelabel.plugin.interfaces import NotMeasured
from carelabel_nvml.devices import Devices, close_devices, open_devices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PERIOD_S: Final = 0.1
"""These boards refresh their power reading a few times to some tens of times a second."""
_MILLI: Final = 1e-3


class SampledPowerMeter:
    """Power of all devices without an energy counter, by the trapezoidal rule over samples of one thread."""

    period_s: ClassVar[float] = PERIOD_S

    def __init__(self, library: Any = None, clock: Callable[[], float] = time.monotonic) -> None:  # noqa: ANN401
        """Choose library and clock.

        Args:
            library: What stands in for the module pynvml.
            clock: Seconds.
        """
        self._library, self._clock = library, clock
        self._devices: Devices | NotMeasured | None = None
        self._samples: list[tuple[float, dict[str, float]]] = []
        self._failure: Exception | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def probe(self) -> tuple[str, ...] | NotMeasured:
        """Names of the devices without a counter, or why there are none."""
        devices = open_devices(self._library)
        if isinstance(devices, NotMeasured):
            return devices
        names = tuple(sorted(devices.without_counter))
        close_devices(devices)
        return names or _not_needed()

    def start(self) -> None:
        """Begin to sample."""
        self._devices = open_devices(self._library)
        self._samples, self._failure = [], None
        if isinstance(self._devices, NotMeasured) or not self._devices.without_counter:
            return
        self.sample()
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, name="nvml-power", daemon=True)
        self._thread.start()

    def sample(self) -> None:
        """Take one sample of every device, in watts."""
        if not isinstance(self._devices, Devices):
            return
        library = self._devices.library
        handles = sorted(self._devices.without_counter.items())
        try:
            watts = {name: library.nvmlDeviceGetPowerUsage(handle) * _MILLI for name, handle in handles}
        except library.NVMLError as error:
            self._failure = error
            return
        self._samples.append((self._clock(), watts))

    def stop(self) -> Mapping[str, float] | NotMeasured:
        """Joules by device since `start`, or why there are none."""
        if self._devices is None:
            return NotMeasured(code="not-started", text="the meter was stopped before it was started")
        if isinstance(self._devices, NotMeasured):
            return self._devices
        self._join()
        self.sample()
        devices, self._devices = self._devices, None
        close_devices(devices)
        if self._failure is not None:
            return NotMeasured(
                code="no-counter", text=f"a device gives no power: {' '.join(str(self._failure).split())}"
            )
        return {name: self._joules(name) for name in sorted(devices.without_counter)} or _not_needed()

    def _run(self) -> None:
        while not self._ended.wait(PERIOD_S) and self._failure is None:
            self.sample()

    def _join(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _joules(self, name: str) -> float:
        pairs = zip(self._samples, self._samples[1:], strict=False)
        return sum((later - at) * (watts[name] + then[name]) / 2 for (at, watts), (later, then) in pairs)


def _not_needed() -> NotMeasured:
    return NotMeasured(code="counter-instead", text="every device here has an energy counter, which nvml.energy reads")
