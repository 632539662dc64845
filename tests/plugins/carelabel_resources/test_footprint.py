"""Dependencies, requested memory, and memory on an accelerator."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from carelabel_resources import footprint, gpu_memory, requested
from carelabel_resources.footprint import Installed, installed_bytes
from carelabel_resources.plugin import carelabel_tests

if TYPE_CHECKING:
    from pathlib import Path

OWNERS = {
    "forest": ["forest-lib"],
    "numbers": ["numbers-lib"],
    "carelabel": ["carelabel"],
    "tests": ["tests-plugin"],
    "unused": ["unused-lib"],
    "conftest": ["tests-plugin"],
}
SIZES = {"forest-lib": 1000, "numbers-lib": 300, "unused-lib": 7, "carelabel": 50, "tests-plugin": 9}


def by_name(figures: Any) -> Any:
    return {figure.quantity: figure for figure in figures}


def declared(name: str) -> Any:
    return {quantity.name for test in carelabel_tests() if test.name == name for quantity in test.quantities}


def test_what_was_imported_is_counted_and_this_program_is_not(make_context: Any) -> None:
    context = make_context(notes={"modules": ["carelabel", "forest", "numbers", "something_local", "tests"]})
    installed = Installed(owners=lambda: OWNERS, size=SIZES.get)
    type(context.live()).__module__ = "tests.plugins.conftest"
    found = by_name(footprint.run(context, installed=installed))
    assert set(found) == declared("footprint")
    assert found["dependency_size"].value == 1300
    assert found["dependency_size"].detail["bytes"] == {"forest-lib": 1000, "numbers-lib": 300}
    assert found["dependency_count"].value == 2


def test_a_model_without_dependencies_needs_nothing(make_context: Any) -> None:
    found = by_name(footprint.run(make_context(notes={"modules": []}), installed=Installed(owners=lambda: OWNERS)))
    assert (found["dependency_size"].value, found["dependency_count"].value) == (0, 0)


def test_packages_that_do_not_list_their_files_are_named(make_context: Any) -> None:
    context = make_context(notes={"modules": ["forest", "numbers"]})
    found = by_name(footprint.run(context, installed=Installed(owners=lambda: OWNERS, size={"forest-lib": 5}.get)))
    assert found["dependency_size"].value == 5
    assert "without numbers-lib, which list none" in found["dependency_size"].method
    none = by_name(footprint.run(context, installed=Installed(owners=lambda: OWNERS, size=lambda _: None)))
    assert none["dependency_size"].value is None
    assert none["dependency_size"].reason == "none of forest-lib, numbers-lib lists its files"


def test_the_bytes_of_a_distribution_are_those_of_its_files_that_are_there(tmp_path: Path) -> None:
    info = tmp_path / "oak-1.0.dist-info"
    info.mkdir()
    (tmp_path / "oak.py").write_bytes(b"x" * 123)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: oak\nVersion: 1.0\n")
    (info / "RECORD").write_text("oak.py,,\nremoved.py,,\n")
    assert installed_bytes(importlib.metadata.Distribution.at(info)) == 123
    (info / "RECORD").unlink()
    assert installed_bytes(importlib.metadata.Distribution.at(info)) is None


@pytest.mark.skipif(importlib.util.find_spec("memray") is None, reason="memray is not installed")
def test_memray_counts_what_a_prediction_requests(make_context: Any, predictor: Any, tmp_path: Path) -> None:
    predictor.predict = lambda x: len(bytearray(32 << 20))
    found = by_name(requested.run(make_context(), batch_size=4, call="predict"))
    assert set(found) == declared("memray")
    assert found["peak_requested"].value == pytest.approx(32 << 20, rel=0.05)
    assert found["allocations"].value >= 1
    assert list(tmp_path.glob("memray*")) == []


class NVMLError(Exception):
    pass


@dataclass
class FakeNvml:
    """One device of which this process takes what it has loaded."""

    own: int | None = 0
    device: int = 1000
    pid: int = field(default_factory=os.getpid)
    fails: bool = False
    asked: list[Any] = field(default_factory=list)
    NVMLError = NVMLError

    def nvmlInit(self) -> None:  # noqa: N802 - the library's own name
        if self.fails:
            msg = "Driver Not Loaded"
            raise NVMLError(msg)

    def nvmlShutdown(self) -> None:  # noqa: N802 - the library's own name
        self.asked.append("shutdown")

    def nvmlDeviceGetHandleByIndex(self, number: int) -> Any:  # noqa: N802 - the library's own name
        self.asked.append(number)
        return "handle"

    def nvmlDeviceGetHandleByUUID(self, name: str) -> Any:  # noqa: N802 - the library's own name
        self.asked.append(name)
        return "handle"

    def nvmlDeviceGetComputeRunningProcesses(self, _: Any) -> Any:  # noqa: N802 - the library's own name
        return [SimpleNamespace(pid=self.pid, usedGpuMemory=self.own), SimpleNamespace(pid=1, usedGpuMemory=77)]

    def nvmlDeviceGetMemoryInfo(self, _: Any) -> Any:  # noqa: N802 - the library's own name
        return SimpleNamespace(used=self.device)


def on_device(nvml: Any, make_context: Any, predictor: Any, grows: int = 500) -> Any:
    def live() -> Any:
        if nvml.own is not None:
            nvml.own += grows
        nvml.device += grows
        return predictor

    return by_name(gpu_memory.run(make_context(live=live), batch_size=8, call="predict", library=nvml))


def test_the_share_of_this_process_is_what_nvml_says(
    make_context: Any, predictor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,1")
    nvml = FakeNvml()
    found = on_device(nvml, make_context, predictor)
    assert set(found) == declared("gpu-memory")
    assert found["gpu_memory"].value == 500
    assert nvml.asked == [3, "shutdown"]
    assert found["gpu_peak_allocated"].value is None
    assert "does not tell" in found["gpu_peak_allocated"].reason


@pytest.mark.parametrize("name", ["GPU-1234", "MIG-9"])
def test_a_device_can_be_named_by_its_id(
    make_context: Any, predictor: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", name)
    nvml = FakeNvml()
    on_device(nvml, make_context, predictor)
    assert nvml.asked[0] == name


def test_in_a_container_the_growth_of_the_device_is_a_named_fall_back(make_context: Any, predictor: Any) -> None:
    found = on_device(FakeNvml(pid=-1), make_context, predictor)["gpu_memory"]
    assert found.value == 500
    assert found.method.startswith("fall-back, as NVML does not list this process")


def test_a_device_that_does_not_grow_gives_null_with_the_reason(make_context: Any, predictor: Any) -> None:
    found = on_device(FakeNvml(own=None), make_context, predictor, grows=0)["gpu_memory"]
    assert found.value is None
    assert found.reason.startswith("NVML does not list this process")


def test_without_a_driver_both_are_null_with_the_reason(make_context: Any, predictor: Any) -> None:
    found = on_device(FakeNvml(fails=True), make_context, predictor)
    assert {figure.reason for figure in found.values()} == {"NVML cannot be initialised: Driver Not Loaded"}


def test_a_framework_that_counts_for_itself_is_asked(
    make_context: Any, predictor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = SimpleNamespace(is_available=lambda: True, max_memory_allocated=lambda: 4096)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert on_device(FakeNvml(), make_context, predictor)["gpu_peak_allocated"].value == 4096
