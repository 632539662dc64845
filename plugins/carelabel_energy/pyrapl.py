"""RAPL counters as pyRAPL reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from carelabel import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Mapping

_MICRO: Final = 1e-6
_NOT_STARTED: Final = NotMeasured(code="not-started", text="the meter was stopped before it was started")


class PyRaplMeter:
    """All processor packages. pyRAPL does not mind counters that wrap around: such a window has no figure."""

    period_s: ClassVar[float] = 0.001

    def __init__(self, library: Any = None) -> None:  # noqa: ANN401 - a module
        """Choose the library: what stands in for the module pyRAPL."""
        self._library = library
        self._window: Any = None

    def probe(self) -> tuple[str, ...] | NotMeasured:
        """Names of the packages, or why there are none."""
        window = self._open()
        if isinstance(window, NotMeasured):
            return window
        window.begin()
        window.end()
        found = window.result.pkg
        if found is None:
            return NotMeasured(code="no-counter", text="pyRAPL finds no package counter")
        return tuple(f"package-{number}" for number in range(len(found)))

    def start(self) -> None:
        """Begin to count."""
        self._window = self._open()
        if not isinstance(self._window, NotMeasured):
            self._window.begin()

    def stop(self) -> Mapping[str, float] | NotMeasured:
        """Joules by package since `start`, or why there are none."""
        window, self._window = self._window, None
        if window is None:
            return _NOT_STARTED
        if isinstance(window, NotMeasured):
            return window
        window.end()
        used = window.result.pkg
        if used is None or any(count < 0 for count in used):
            return NotMeasured(code="wrapped", text="a counter wrapped around, which pyRAPL does not correct")
        return {f"package-{number}": float(count) * _MICRO for number, count in enumerate(used)}

    def _open(self) -> Any:  # noqa: ANN401 - pyRAPL's Measurement, or NotMeasured
        library = self._load()
        if isinstance(library, NotMeasured):
            return library
        try:
            library.setup(devices=[library.Device.PKG])
        except PermissionError as error:
            hint = f"sudo chmod a+r {error.filename or '/sys/class/powercap/*/energy_uj'}"
            return NotMeasured(code="permission-denied", text="the counters can be read by root alone", hint=hint)
        except (library.PyRAPLException, OSError) as error:
            said = " ".join(str(error).split()) or type(error).__name__  # its own errors say nothing but their name
            return NotMeasured(code="no-counter", text=f"pyRAPL finds no package counter: {said}")
        return library.Measurement("carelabel")

    def _load(self) -> Any:  # noqa: ANN401 - a module, or NotMeasured
        if self._library is None:
            try:
                import pyRAPL  # noqa: PLC0415 - only where something is measured
            except ImportError:
                hint = "pip install pyRAPL; rapl.package reads the same counters without it"
                return NotMeasured(code="no-package", text="pyRAPL is not installed", hint=hint)
            self._library = pyRAPL
        return self._library
