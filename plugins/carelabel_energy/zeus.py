"""The energy of accelerators as Zeus states it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from carelabel import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOW: Final = "carelabel"


class ZeusMeter:
    """All accelerators that Zeus finds. It may sum up samples of their power, so its figures are modelled."""

    period_s: ClassVar[float] = 0.1

    def __init__(self, library: Any = None) -> None:  # noqa: ANN401 - a module
        """Choose the library: what stands in for the module zeus.monitor."""
        self._library = library
        self._monitor: Any = None

    def probe(self) -> tuple[str, ...] | NotMeasured:
        """Names of the accelerators, or why there are none."""
        self.start()
        found = self.stop()
        return found if isinstance(found, NotMeasured) else tuple(found)

    def start(self) -> None:
        """Begin a window, without waiting for a framework's queues: predictions have ended when they return."""
        library = self._load()
        if isinstance(library, NotMeasured):
            self._monitor = library
            return
        self._monitor = library.ZeusMonitor(cpu_indices=[])
        self._monitor.begin_window(WINDOW, sync_execution=False)

    def stop(self) -> Mapping[str, float] | NotMeasured:
        """Joules by accelerator since `start`, or why there are none."""
        monitor, self._monitor = self._monitor, None
        if monitor is None:
            return NotMeasured(code="not-started", text="the meter was stopped before it was started")
        if isinstance(monitor, NotMeasured):
            return monitor
        used = monitor.end_window(WINDOW, sync_execution=False).gpu_energy
        if not used:
            return NotMeasured(code="no-device", text="Zeus finds no accelerator")
        return {f"gpu-{number}": float(joules) for number, joules in sorted(used.items())}

    def _load(self) -> Any:  # noqa: ANN401 - a module, or NotMeasured
        if self._library is None:
            try:
                from zeus import monitor  # noqa: PLC0415 - only where something is measured
            except ImportError:
                hint = "pip install zeus; nvml.energy needs less"
                return NotMeasured(code="no-package", text="Zeus is not installed", hint=hint)
            self._library = monitor
        return self._library
