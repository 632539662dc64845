"""NVIDIA boards through a stand-in for their management library."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from carelabel.plugin.interfaces import NotMeasured
from carelabel_nvml.meter import EnergyMeter
from carelabel_nvml.plugin import carelabel_meters
from carelabel_nvml.sampled import SampledPowerMeter


class NVMLError(Exception):
    def __init__(self, value: int, text: str) -> None:
        super().__init__(text)
        self.value = value


@dataclass
class StubNvml:
    """Boards by number: a counter in millijoules, None before Volta; and a power in milliwatts."""

    energy: list[int | None] = field(default_factory=list)
    power: list[int] = field(default_factory=list)
    failure: NVMLError | None = None
    open: int = 0

    NVMLError = NVMLError
    NVML_ERROR_NOT_SUPPORTED = 3
    NVML_ERROR_DRIVER_NOT_LOADED = 9
    NVML_ERROR_LIBRARY_NOT_FOUND = 12

    def nvmlInit(self) -> None:  # noqa: N802 - the library's name
        if self.failure:
            raise self.failure
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.energy)

    def nvmlDeviceGetHandleByIndex(self, number: int) -> int:  # noqa: N802
        return number

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:  # noqa: N802
        if self.failure:
            raise self.failure
        found = self.energy[handle]
        if found is None:
            raise NVMLError(3, "Not Supported")
        return found

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        if self.failure:
            raise self.failure
        return self.power[handle]


def test_end_minus_start_in_joules_of_each_board() -> None:
    library = StubNvml(energy=[1_000_000, 5])
    meter = EnergyMeter(library)
    assert meter.probe() == ("gpu-0", "gpu-1")
    meter.start()
    library.energy = [1_050_000, 5]
    assert meter.stop() == {"gpu-0": pytest.approx(50.0), "gpu-1": 0.0}
    assert library.open == 0


def test_boards_without_a_counter_are_left_to_sampling() -> None:
    library = StubNvml(energy=[None, 7], power=[50_000, 0])
    assert EnergyMeter(library).probe() == ("gpu-1",)
    assert SampledPowerMeter(library).probe() == ("gpu-0",)
    assert library.open == 0


def test_a_machine_of_one_kind_sends_to_the_other_meter() -> None:
    old, new = StubNvml(energy=[None], power=[1]), StubNvml(energy=[7])
    for meter, code in ((EnergyMeter(old), "no-counter"), (SampledPowerMeter(new), "counter-instead")):
        found = meter.probe()
        assert isinstance(found, NotMeasured)
        assert found.code == code
        meter.start()
        assert meter.stop() == found
    assert (old.open, new.open) == (0, 0)


def test_sampled_power_is_summed_by_the_trapezoidal_rule() -> None:
    """100 W at 0 s, 200 W at 1 s, 0 W at 3 s: 150 J and then 200 J."""
    library = StubNvml(energy=[None], power=[100_000])
    now = [0.0]
    meter = SampledPowerMeter(library, clock=lambda: now[0])
    meter._run = lambda: None  # the test takes the samples itself
    meter.start()
    now[0], library.power[0] = 1.0, 200_000
    meter.sample()
    now[0], library.power[0] = 3.0, 0
    assert meter.stop() == {"gpu-0": pytest.approx(350.0)}
    assert library.open == 0


def test_the_sampling_thread_ends_with_the_measurement() -> None:
    meter = SampledPowerMeter(StubNvml(energy=[None], power=[50_000]))
    meter.start()
    assert any(thread.name == "nvml-power" for thread in threading.enumerate())
    assert isinstance(meter.stop(), dict)
    assert not any(thread.name == "nvml-power" for thread in threading.enumerate())


@pytest.mark.parametrize("kind", [EnergyMeter, SampledPowerMeter])
@pytest.mark.parametrize(
    ("failure", "text", "hint"),
    [
        (NVMLError(12, "NVML Shared Library Not Found"), "Library Not Found", "install NVIDIA's driver"),
        (NVMLError(9, "Driver Not Loaded"), "Driver Not Loaded", "install NVIDIA's driver"),
        (NVMLError(4, "Insufficient Permissions"), "Insufficient Permissions", "nvidia-smi tells more"),
    ],
    ids=["no library", "no driver", "no permission"],
)
def test_without_a_driver_the_reason_is_named(kind: Any, failure: Any, text: Any, hint: Any) -> None:
    meter = kind(StubNvml(energy=[1], failure=failure))
    found = meter.probe()
    assert isinstance(found, NotMeasured)
    assert (found.code, found.hint) == ("no-driver", hint)
    assert text in found.text
    meter.start()
    assert meter.stop() == found


@pytest.mark.parametrize("kind", [EnergyMeter, SampledPowerMeter])
def test_a_driver_without_boards(kind: Any) -> None:
    library = StubNvml()
    found = kind(library).probe()
    assert isinstance(found, NotMeasured)
    assert found.code == "no-device"
    assert library.open == 0


@pytest.mark.parametrize("kind", [EnergyMeter, SampledPowerMeter])
def test_a_board_that_stops_answering_gives_no_figure(kind: Any) -> None:
    library = StubNvml(energy=[5 if kind is EnergyMeter else None], power=[1])
    meter = kind(library)
    meter.start()
    library.failure = NVMLError(15, "GPU is lost")
    found = meter.stop()
    assert isinstance(found, NotMeasured)
    assert "GPU is lost" in found.text
    assert library.open == 0


@pytest.mark.parametrize("kind", [EnergyMeter, SampledPowerMeter])
def test_stopping_what_was_not_started(kind: Any) -> None:
    found = kind(StubNvml(energy=[1])).stop()
    assert isinstance(found, NotMeasured)
    assert found.code == "not-started"


def test_without_the_binding_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    found = EnergyMeter().probe()
    assert isinstance(found, NotMeasured)
    assert (found.code, found.hint) == ("no-package", "pip install nvidia-ml-py")


def test_only_the_counter_is_declared_as_one() -> None:
    assert {record.name: record.grade for record in carelabel_meters()} == {
        "energy": "counter",
        "sampled-power": "modelled",
    }
