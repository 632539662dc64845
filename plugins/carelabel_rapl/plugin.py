"""The meters of the powercap counters (RAPL)."""

from __future__ import annotations

from carelabel import ANY, Meter, hookimpl


@hookimpl
def carelabel_meters() -> list[Meter]:
    """Processor packages, and memory beside them; the two may be added, since neither contains the other."""
    return [
        Meter(
            name="package",
            summary="energy of the processor packages, cores and caches included (RAPL counters)",
            entry="carelabel_rapl.meter:PackageMeter",
            tasks=ANY,
            frameworks=ANY,
            domain="package",
            grade="counter",
        ),
        Meter(
            name="dram",
            summary="energy of the memory at each processor package (RAPL counters)",
            entry="carelabel_rapl.meter:DramMeter",
            tasks=ANY,
            frameworks=ANY,
            domain="dram",
            grade="counter",
        ),
    ]
