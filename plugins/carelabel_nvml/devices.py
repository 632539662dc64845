"""The devices that NVML shows, and why there may be none."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from carelabel.plugin.interfaces import NotMeasured


@dataclass(frozen=True, kw_only=True, slots=True)
class Devices:
    """NVML, initialised.

    Attributes:
        library: The module pynvml of the distribution nvidia-ml-py, or a stand-in.
        with_counter, without_counter: Sensor name to device handle.
    """

    library: Any
    with_counter: dict[str, Any]
    without_counter: dict[str, Any]


def open_devices(library: Any = None) -> Devices | NotMeasured:  # noqa: ANN401 - a module
    """Initialise NVML and sort its devices by whether they count energy; `close_devices` ends it."""
    if library is None:
        try:
            library = import_module("pynvml")
        except ImportError:
            text = "NVIDIA's management library has no binding here"
            return NotMeasured(code="no-package", text=text, hint="pip install nvidia-ml-py")
    try:
        library.nvmlInit()
    except library.NVMLError as error:
        hint = "install NVIDIA's driver" if _no_driver(library, error) else "nvidia-smi tells more"
        return NotMeasured(code="no-driver", text=f"NVML cannot be initialised: {_text(error)}", hint=hint)
    devices = Devices(library=library, with_counter={}, without_counter={})
    try:
        for number in range(library.nvmlDeviceGetCount()):
            handle = library.nvmlDeviceGetHandleByIndex(number)
            group = devices.with_counter if _counts_energy(library, handle) else devices.without_counter
            group[f"gpu-{number}"] = handle
    except library.NVMLError as error:
        close_devices(devices)
        return NotMeasured(code="no-counter", text=f"NVML cannot list the devices: {_text(error)}")
    if not devices.with_counter and not devices.without_counter:
        close_devices(devices)
        return NotMeasured(code="no-device", text="NVML shows no device")
    return devices


def close_devices(devices: Devices) -> None:
    """End the use of NVML; each `open_devices` is counted by the library itself."""
    devices.library.nvmlShutdown()


def _counts_energy(library: Any, handle: Any) -> bool:  # noqa: ANN401 - NVML's own types
    try:
        library.nvmlDeviceGetTotalEnergyConsumption(handle)
    except library.NVMLError as error:
        if getattr(error, "value", None) == library.NVML_ERROR_NOT_SUPPORTED:
            return False
        raise
    return True


def _no_driver(library: Any, error: Exception) -> bool:  # noqa: ANN401 - as above
    missing = {library.NVML_ERROR_LIBRARY_NOT_FOUND, library.NVML_ERROR_DRIVER_NOT_LOADED}
    return getattr(error, "value", None) in missing


def _text(error: Exception) -> str:
    return " ".join(str(error).split())
