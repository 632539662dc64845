"""Memory on the accelerator: this process's share as NVML reports it, and the framework's own peak."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Final

from carelabel import Measurement
from carelabel.measure.calls import function_of, prepare
from carelabel.measure.timing import Clock

if TYPE_CHECKING:
    from carelabel import TestContext

CALLS: Final = 5
SHARE: Final = "gpu_memory"
PEAK: Final = "gpu_peak_allocated"


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """Bytes on the device.

    Attributes:
        own: Those of this process, or None when NVML does not list it (containers have process numbers of their own).
        device: Those of all processes.
    """

    own: int | None
    device: int


def run(context: TestContext, *, batch_size: int, call: str, library: Any = None) -> list[Measurement]:  # noqa: ANN401 - a module
    """Load and predict a few batches, then read both."""
    at = {"batch": batch_size}
    library = library or _nvml()
    try:
        library.nvmlInit()
    except library.NVMLError as error:
        reason = f"NVML cannot be initialised: {' '.join(str(error).split())}"
        return [Measurement(quantity=name, value=None, at={**at}, n=0, reason=reason) for name in (SHARE, PEAK)]
    try:
        handle = _device(library, os.environ.get("CUDA_VISIBLE_DEVICES", ""))
        before = _used(library, handle)
        predictor = context.live()
        function = function_of(predictor, call)
        for item in islice(cycle(prepare(context, predictor, batch_size, Clock()).batches), CALLS):
            function(item)
        after = _used(library, handle)
    finally:
        library.nvmlShutdown()
    return [_share(before, after, batch_size), _peak(batch_size)]


def _nvml() -> Any:  # noqa: ANN401 - a module
    import pynvml  # noqa: PLC0415 - only where there is a device

    return pynvml


def _device(library: Any, visible: str) -> Any:  # noqa: ANN401 - NVML's own types
    """The device that the process sees as its first: NVML itself shows all of them."""
    first = visible.split(",", maxsplit=1)[0].strip()
    if first.startswith(("GPU-", "MIG-")):
        return library.nvmlDeviceGetHandleByUUID(first)
    return library.nvmlDeviceGetHandleByIndex(int(first) if first.isdigit() else 0)


def _used(library: Any, handle: Any) -> Used:  # noqa: ANN401 - as above
    processes = library.nvmlDeviceGetComputeRunningProcesses(handle)
    mine = [process.usedGpuMemory for process in processes if process.pid == os.getpid()]
    known = [size for size in mine if size is not None]
    device = int(library.nvmlDeviceGetMemoryInfo(handle).used)
    return Used(own=sum(known) if known else None, device=device)


def _share(before: Used, after: Used, batch: int) -> Measurement:
    if after.own is not None:
        method = f"NVML's figure for this process after {CALLS} calls; context and libraries included; once"
        return Measurement(quantity=SHARE, value=after.own, at={"batch": batch}, n=1, method=method)
    grown = after.device - before.device
    if grown <= 0:
        reason = "NVML does not list this process, and the memory in use on the whole device did not grow"
        return Measurement(quantity=SHARE, value=None, at={"batch": batch}, n=0, reason=reason)
    method = f"fall-back, as NVML does not list this process: growth of the whole device's use over {CALLS} calls; once"
    return Measurement(quantity=SHARE, value=grown, at={"batch": batch}, n=1, method=method)


def _peak(batch: int) -> Measurement:
    """What a framework that counts for itself says; torch is asked only where the candidate has imported it."""
    torch = sys.modules.get("torch")
    peak = int(torch.cuda.max_memory_allocated()) if torch is not None and torch.cuda.is_available() else 0
    if not peak:
        reason = "the framework of this candidate does not tell how much it allocates on the device"
        return Measurement(quantity=PEAK, value=None, at={"batch": batch}, n=0, reason=reason)
    return Measurement(
        quantity=PEAK, value=peak, at={"batch": batch}, n=1, method="torch.cuda.max_memory_allocated; once"
    )
