"""Readers of other tools, with stubs that behave as those do."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from carelabel import NotMeasured
from carelabel_energy.codecarbon import CodeCarbonMeter
from carelabel_energy.pyrapl import PyRaplMeter
from carelabel_energy.zeus import ZeusMeter


class PyRAPLException(Exception):  # noqa: N818 - the library's own name
    pass


@dataclass
class FakePyRapl:
    """pyRAPL: microjoules by package as a list, None without a counter, negative after a wrap-around."""

    used: Any = (2_500_000.0, 1_000_000.0)
    problem: Exception | None = None
    devices: list[Any] = field(default_factory=list)
    PyRAPLException = PyRAPLException
    Device = SimpleNamespace(PKG=0, DRAM=1)

    def setup(self, devices: Any) -> None:
        if self.problem:
            raise self.problem
        self.devices = devices

    def Measurement(self, label: str) -> Any:  # noqa: N802 - the library's own name
        window = SimpleNamespace(result=None, begin=lambda: None)

        def end() -> None:
            window.result = SimpleNamespace(pkg=self.used, dram=None)

        window.end = end
        return window


def test_pyrapl_gives_joules_by_package() -> None:
    library = FakePyRapl()
    meter = PyRaplMeter(library)
    assert meter.probe() == ("package-0", "package-1")
    meter.start()
    assert meter.stop() == {"package-0": 2.5, "package-1": 1.0}
    assert library.devices == [0]


@pytest.mark.parametrize(
    ("library", "code", "text"),
    [
        (FakePyRapl(problem=PyRAPLException()), "no-counter", "pyRAPL finds no package counter: PyRAPLException"),
        (FakePyRapl(problem=FileNotFoundError("no sysfs")), "no-counter", "no sysfs"),
        (FakePyRapl(problem=PermissionError(13, "denied", "/sys/x")), "permission-denied", "root alone"),
        (FakePyRapl(used=None), "no-counter", "no package counter"),
    ],
)
def test_pyrapl_without_counters_says_why(library: Any, code: str, text: str) -> None:
    found = PyRaplMeter(library).probe()
    assert isinstance(found, NotMeasured)
    assert found.code == code
    assert text in found.text


def test_pyrapl_names_the_file_that_needs_permission() -> None:
    found = PyRaplMeter(FakePyRapl(problem=PermissionError(13, "denied", "/sys/x/energy_uj"))).probe()
    assert isinstance(found, NotMeasured)
    assert found.hint == "sudo chmod a+r /sys/x/energy_uj"


def test_a_window_in_which_pyrapl_saw_a_counter_wrap_around_has_no_figure() -> None:
    meter = PyRaplMeter(FakePyRapl(used=[-262_000.0]))
    meter.start()
    found = meter.stop()
    assert isinstance(found, NotMeasured)
    assert found.code == "wrapped"


@dataclass
class FakeCodeCarbon:
    """CodeCarbon: kWh, in a tracker that can be started once and swallows its own failures."""

    kwh: float | None = 1e-6
    options: dict[str, Any] = field(default_factory=dict)
    made: int = 0

    def OfflineEmissionsTracker(self, **options: Any) -> Any:  # noqa: N802 - the library's own name
        self.options, self.made = options, self.made + 1
        tracker = SimpleNamespace(start=lambda: None)

        def stop() -> None:
            if self.kwh is not None:
                tracker.final_emissions_data = SimpleNamespace(cpu_energy=self.kwh, ram_energy=9.0)

        tracker.stop = stop
        return tracker


def test_codecarbon_gives_the_processors_part_in_joules() -> None:
    library = FakeCodeCarbon()
    meter = CodeCarbonMeter(library)
    assert meter.probe() == ("processor",)
    for _ in range(2):
        meter.start()
        assert meter.stop() == pytest.approx({"processor": 3.6})
    assert library.made == 2, "a tracker that was stopped cannot be started again"
    assert library.options["save_to_file"] is False
    assert library.options["measure_power_secs"] == meter.period_s


def test_codecarbon_without_a_figure_is_no_zero() -> None:
    meter = CodeCarbonMeter(FakeCodeCarbon(kwh=None))
    meter.start()
    found = meter.stop()
    assert isinstance(found, NotMeasured)
    assert found.code == "no-figure"


@dataclass
class FakeZeus:
    """Zeus: joules by index of the device; no device, no entry."""

    used: dict[int, float]
    windows: list[str] = field(default_factory=list)

    def ZeusMonitor(self, cpu_indices: Any) -> Any:  # noqa: N802 - the library's own name
        assert cpu_indices == []
        return self

    def begin_window(self, key: str, sync_execution: bool) -> None:
        assert not sync_execution
        self.windows.append(key)

    def end_window(self, key: str, sync_execution: bool) -> Any:
        assert self.windows.pop() == key
        return SimpleNamespace(gpu_energy=self.used, cpu_energy=None)


def test_zeus_gives_joules_by_accelerator() -> None:
    meter = ZeusMeter(FakeZeus({0: 12.5, 1: 3.0}))
    assert meter.probe() == ("gpu-0", "gpu-1")
    meter.start()
    assert meter.stop() == {"gpu-0": 12.5, "gpu-1": 3.0}


def test_zeus_without_accelerators_says_so() -> None:
    found = ZeusMeter(FakeZeus({})).probe()
    assert isinstance(found, NotMeasured)
    assert (found.code, found.text) == ("no-device", "Zeus finds no accelerator")


@pytest.mark.parametrize(
    ("make", "module"), [(PyRaplMeter, "pyRAPL"), (CodeCarbonMeter, "codecarbon"), (ZeusMeter, "zeus")]
)
def test_a_tool_that_is_not_installed_is_a_reason_with_the_command(
    make: Any, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # importing it fails
    meter = make()
    found = meter.probe()
    assert isinstance(found, NotMeasured)
    assert found.code == "no-package"
    assert f"pip install {module}" in found.hint
    meter.start()
    assert meter.stop() == found


@pytest.mark.parametrize("make", [PyRaplMeter, CodeCarbonMeter, ZeusMeter])
def test_stopping_before_starting_is_said(make: Any) -> None:
    found = make(SimpleNamespace()).stop()
    assert isinstance(found, NotMeasured)
    assert found.code == "not-started"
