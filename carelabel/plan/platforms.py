"""Which platforms there are: those of the core, made from the host, and those that plugins declare."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from carelabel.plan.records import PlannedPlatform, Skip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carelabel.base.host import Host
    from carelabel.plugin.records import Backend, Platform
    from carelabel.plugin.registry import Registry

DEVICES: Final[frozenset[str]] = frozenset({"cuda", "rocm", "fpga", "npu"})
"""Tags of devices that a backend must ask for: a worker there has a processor too, but is there for the device."""


def platforms_of(host: Host, registry: Registry) -> tuple[tuple[PlannedPlatform, ...], tuple[Skip, ...]]:
    """All platforms of this machine, the one for all processors first, and those that cannot be."""
    base = host.tags - DEVICES - {"nvml"}
    quota = math.ceil(host.cpu_quota) if host.cpu_quota else len(host.processors)
    all_threads = max(1, min(len(host.processors), quota))
    found = [PlannedPlatform(id="cpu-1t", tags=tuple(sorted(base)), threads=1, pin=1)]
    skips: list[Skip] = []
    if all_threads > 1:
        found.insert(0, PlannedPlatform(id="cpu-all", tags=tuple(sorted(base)), threads=all_threads, pin=None))
    else:
        skips.append(Skip(what="*/cpu-all/*", code="one-processor", text="with one processor cpu-all is cpu-1t"))
    cards = len(host.gpus) if "cuda" in host.tags else 0
    found.extend(_gpu(number, base, all_threads, host) for number in range(cards))
    for identifier, record in sorted(registry.platforms().items(), key=lambda item: not registry.get(item[0]).builtin):
        missing = record.runs_on - host.tags
        if missing:
            text = f"platform {record.slug} needs {', '.join(sorted(missing))}, which this machine has not"
            skips.append(Skip(what=f"*/{record.slug}/*", code="hardware", text=text))
        elif any(item.id == record.slug for item in found):
            text = f"a platform's slug must be its own, but {identifier} has {record.slug}, as one before it"
            skips.append(Skip(what=identifier, code="same-id", text=text))
        else:
            found.append(_declared(record, all_threads))
    return tuple(found), tuple(skips)


def _gpu(number: int, base: frozenset[str], threads: int, host: Host) -> PlannedPlatform:
    tags = base | {"cuda"} | (host.tags & {"nvml"})
    visible = host.gpu_ids[number] if host.gpu_ids else str(number)
    environment = (("CUDA_VISIBLE_DEVICES", visible),)
    return PlannedPlatform(
        id=f"cuda:{number}", tags=tuple(sorted(tags)), threads=threads, pin=None, environment=environment
    )


def _declared(record: Platform, threads: int) -> PlannedPlatform:
    return PlannedPlatform(
        id=record.slug,
        tags=tuple(sorted(record.tags)),
        threads=min(record.pin or threads, threads),
        pin=record.pin,
        environment=record.environment,
    )


def runs_here(backend: Backend, platform: PlannedPlatform) -> bool:
    """Whether a backend runs on a platform and uses the device that the platform is there for."""
    tags = frozenset(platform.tags)
    return backend.runs_on <= tags and (tags & DEVICES) <= backend.runs_on


def backends_by_platform(
    backends: Iterable[tuple[str, Backend]], file_format: str, platforms: Iterable[PlannedPlatform]
) -> Mapping[str, str]:
    """For every platform the id of the first backend that loads a format there."""
    able = [(identifier, record) for identifier, record in backends if file_format in record.formats]
    chosen: dict[str, str] = {}
    for platform in platforms:
        for identifier, record in able:
            if runs_here(record, platform):
                chosen.setdefault(platform.id, identifier)
    return chosen
