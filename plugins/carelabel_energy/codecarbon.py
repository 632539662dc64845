"""The processor's energy as CodeCarbon states it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from carelabel import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Mapping

KWH: Final = 3.6e6


class CodeCarbonMeter:
    """Its figure for the processor alone: memory and accelerators would be other domains.

    Where it finds no counter it takes the processor's nominal power, or a constant; it does not say which in a way
    that could be relied on, so its figures are modelled.
    """

    period_s: ClassVar[float] = 0.1

    def __init__(self, library: Any = None) -> None:  # noqa: ANN401 - a module
        """Choose the library: what stands in for the module codecarbon."""
        self._library = library
        self._tracker: Any = None

    def probe(self) -> tuple[str, ...] | NotMeasured:
        """One sensor, or why there is none."""
        library = self._load()
        return library if isinstance(library, NotMeasured) else ("processor",)

    def start(self) -> None:
        """Begin to track, with a tracker of its own: one that was stopped cannot be started again."""
        library = self._load()
        if isinstance(library, NotMeasured):
            self._tracker = library
            return
        self._tracker = library.OfflineEmissionsTracker(
            country_iso_code="USA",  # of no influence on the energy, and without it the tracker looks up where it is
            measure_power_secs=self.period_s,
            save_to_file=False,
            log_level="critical",
            allow_multiple_runs=True,
        )
        self._tracker.start()

    def stop(self) -> Mapping[str, float] | NotMeasured:
        """Joules of the processor since `start`, or why there are none."""
        tracker, self._tracker = self._tracker, None
        if tracker is None:
            return NotMeasured(code="not-started", text="the meter was stopped before it was started")
        if isinstance(tracker, NotMeasured):
            return tracker
        tracker.stop()
        data = getattr(tracker, "final_emissions_data", None)  # it hides its own failures, and then has none
        if data is None:
            return NotMeasured(code="no-figure", text="CodeCarbon ended without a figure")
        return {"processor": float(data.cpu_energy) * KWH}

    def _load(self) -> Any:  # noqa: ANN401 - a module, or NotMeasured
        if self._library is None:
            try:
                import codecarbon  # noqa: PLC0415 - only where something is measured
            except ImportError:
                text = "CodeCarbon is not installed, and its figures would be modelled"
                return NotMeasured(code="no-package", text=text, hint="pip install codecarbon")
            self._library = codecarbon
        return self._library
