"""The meters of NVIDIA devices."""

from __future__ import annotations

from carelabel import ANY, Meter, hookimpl


@hookimpl
def carelabel_meters() -> list[Meter]:
    """The energy counter, and sampled power for devices that have none (before Volta)."""
    return [
        Meter(
            name="energy",
            summary="energy of the whole board, by the device's own counter (Volta and later)",
            entry="carelabel_nvml.meter:EnergyMeter",
            tasks=ANY,
            frameworks=ANY,
            requires=("nvidia-ml-py>=12.535.77",),
            domain="board",
            grade="counter",
        ),
        Meter(
            name="sampled-power",
            summary="power of the whole board, read ten times a second, for devices without an energy counter",
            entry="carelabel_nvml.sampled:SampledPowerMeter",
            tasks=ANY,
            frameworks=ANY,
            requires=("nvidia-ml-py>=12.535.77",),
            domain="board",
            grade="modelled",
        ),
    ]
