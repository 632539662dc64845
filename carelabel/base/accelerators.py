"""Nvidia's accelerators, through the driver's own files and library: no framework, no Python package."""

from __future__ import annotations

import ctypes
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LIBRARY: Final = "libnvidia-ml.so.1"
_NAME_BYTES: Final = 96


def probe_nvidia(
    proc: Path, visible: str | None, load: Callable[[str], Any] = ctypes.CDLL
) -> tuple[dict[str, str], frozenset[str]]:
    """Accelerators that may be used, and the hardware tags that follow.

    Args:
        proc: Where /proc is.
        visible: CUDA_VISIBLE_DEVICES: numbers or ids joined by commas; empty or -1 hide all; None hides none.
        load: Opens a shared library.

    Returns:
        What CUDA_VISIBLE_DEVICES must hold to see the accelerator alone -> its name; and the tags ``cuda``, if there
        is any, and ``nvml``, if the driver's library works.
    """
    from_library = _names_by_library(load)
    names = from_library or _names_by_driver(proc)
    gpus = _chosen({str(number): name for number, name in enumerate(names)}, visible)
    tags = {"cuda"} if gpus else set()
    return gpus, frozenset(tags | ({"nvml"} if gpus and from_library else set()))


def _chosen(names: dict[str, str], visible: str | None) -> dict[str, str]:
    if visible is None:
        return names
    found: dict[str, str] = {}
    for word in map(str.strip, visible.split(",")):
        if word in names:
            found[word] = names[word]
        elif word.startswith(("GPU-", "MIG-")):
            found[word] = word
        else:
            break  # CUDA ignores everything behind the first word that names no device
    return found


def _names_by_driver(proc: Path) -> list[str]:
    """Names from /proc/driver/nvidia/gpus, in the order of their numbers."""
    found: list[tuple[int, str]] = []
    for information in sorted((proc / "driver" / "nvidia" / "gpus").glob("*/information")):
        text = ""
        with suppress(OSError):  # a GPU that is not this container's is listed, but cannot be read
            text = information.read_text(encoding="utf-8", errors="replace")
        fields = dict(re.findall(r"^([^:\n]+):\s*(.*?)\s*$", text, re.MULTILINE))
        if "Model" in fields:
            found.append((int(fields.get("Device Minor", len(found))), fields["Model"]))
    return [name for _, name in sorted(found)]


def _names_by_library(load: Callable[[str], Any]) -> list[str]:
    """Names from the driver's management library; empty where it does not work."""
    try:
        library = load(_LIBRARY)
    except OSError:
        return []
    if library.nvmlInit_v2() != 0:
        return []
    try:
        count = ctypes.c_uint(0)
        if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return []
        return [_name(library, number) for number in range(count.value)]
    finally:
        library.nvmlShutdown()


def _name(library: Any, number: int) -> str:  # noqa: ANN401 - a shared library
    handle, name = ctypes.c_void_p(), ctypes.create_string_buffer(_NAME_BYTES)
    if library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(number), ctypes.byref(handle)) != 0:
        return "unknown"
    if library.nvmlDeviceGetName(handle, name, ctypes.c_uint(_NAME_BYTES)) != 0:
        return "unknown"
    return name.value.decode(errors="replace")
