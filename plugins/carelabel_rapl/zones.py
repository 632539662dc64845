"""The power zones of a powercap tree, and which of them may stand beside each other.

Zones overlap: a package contains its cores and its uncore part, ``psys`` contains the packages, and the zones of
``intel-rapl-mmio`` read the same packages by another way. Memory is in none of the packages.

Source: https://docs.kernel.org/power/powercap/powercap.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Domain = Literal["package", "dram"]
MMIO: Final = "intel-rapl-mmio"


@dataclass(frozen=True, kw_only=True, slots=True)
class Zone:
    """One counter.

    Attributes:
        folder: Holds energy_uj.
        sensor: Its name among the sensors, such as package-0 or dram-0.
        range_uj: Where the counter wraps around in microjoules; 0 when the tree does not say.
    """

    folder: Path
    sensor: str
    range_uj: int


def find_zones(root: Path, domain: Domain) -> tuple[Zone, ...]:
    """The zones of a domain that do not overlap, sorted by sensor.

    Packages come from the main control type; from mmio only where that has none, and psys only where there is no
    package at all.
    """
    folders = _folders(root)
    if domain == "dram":
        return _zones([folder for folder in folders if _name(folder) == "dram" and not _is_mmio(folder)])
    packages = [folder for folder in folders if _name(folder).startswith("package")]
    own = [folder for folder in packages if not _is_mmio(folder)]
    return _zones(own or packages or [folder for folder in folders if _name(folder) == "psys"])


def _folders(root: Path) -> list[Path]:
    """Every zone's folder. The kernel links all of them flat into the root and nests them too: each is taken once."""
    if not root.is_dir():
        return []
    found = {file.parent.resolve(): file.parent for pattern in _DEPTHS for file in root.glob(pattern)}
    return sorted(found.values(), key=lambda folder: folder.name)


_DEPTHS: Final = ("*:*/energy_uj", "*:*/*:*/energy_uj", "*/*:*/*:*/energy_uj")


def _name(folder: Path) -> str:
    try:
        return (folder / "name").read_text(encoding="ascii").strip()
    except OSError:
        return ""  # a zone without a name is no zone that is known here


def _is_mmio(folder: Path) -> bool:
    return folder.name.startswith(MMIO)


def _zones(folders: Sequence[Path]) -> tuple[Zone, ...]:
    zones = [Zone(folder=folder, sensor=_sensor(folder), range_uj=_range(folder)) for folder in folders]
    return tuple(sorted(_with_distinct_names(zones), key=lambda zone: zone.sensor))


def _sensor(folder: Path) -> str:
    """Packages carry their number in their name; memory has the number of the package it belongs to."""
    name = _name(folder)
    if name != "dram":
        return name
    return f"dram-{folder.name.split(':')[1]}"


def _with_distinct_names(zones: Iterable[Zone]) -> list[Zone]:
    """Two zones of one name, as on some two-die packages, get their folder's name, so that neither hides the other."""
    zones = list(zones)
    names = [zone.sensor for zone in zones]
    return [
        Zone(folder=zone.folder, sensor=f"{zone.sensor} ({zone.folder.name})", range_uj=zone.range_uj)
        if names.count(zone.sensor) > 1
        else zone
        for zone in zones
    ]


def _range(folder: Path) -> int:
    try:
        return int((folder / "max_energy_range_uj").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
