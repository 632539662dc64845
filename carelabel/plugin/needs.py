"""Which of a record's requirements this machine does not meet, and the command that would help."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOOL = "carelabel"
VARIANTS: Final = ("", "-cpu", "-gpu")
"""Endings of names under which one library is published: as it is, for processors alone, with accelerators."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingRequirement:
    """A requirement that is not met.

    Attributes:
        requirement: As the record declares it.
        found: Version that is installed, or None when nothing is.
    """

    requirement: str
    found: str | None


def missing_requirements(requires: Sequence[str], packages: Mapping[str, str]) -> tuple[MissingRequirement, ...]:
    """The requirements that what is installed does not meet, in their order.

    Args:
        requires: PEP 508 requirements. One whose environment marker is false here is met; one that cannot be parsed
            is not.
        packages: Installed distributions by normalised name, with their versions.
    """
    return tuple(
        MissingRequirement(requirement=requirement, found=packages.get(provider(_name(requirement), packages)))
        for requirement in requires
        if not _is_met(requirement, packages)
    )


def provider(name: str, packages: Mapping[str, str]) -> str:
    """The distribution that stands for a name here: the one so called, or the variant of it that is installed."""
    return next((name + ending for ending in VARIANTS if name + ending in packages), name)


def install_hint(requirement: str, plugin: str = "") -> str:
    """The command that installs a requirement: by the extra of carelabel that brings it, or by itself.

    Args:
        plugin: Entry point of the plugin that requires it; the extra of the same name is preferred.
    """
    extras = _extras_bringing({_name(requirement) + ending for ending in VARIANTS})
    extra = plugin if plugin in extras else next(iter(extras), "")
    return f"pip install '{TOOL}[{extra}]'" if extra else f"pip install '{requirement}'"


def _name(requirement: str) -> str:
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return ""


def _is_met(text: str, packages: Mapping[str, str]) -> bool:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return False
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    found = packages.get(provider(canonicalize_name(requirement.name), packages))
    return found is not None and requirement.specifier.contains(found, prereleases=True)


def _extras_bringing(names: set[str]) -> list[str]:
    """Extras of the installed carelabel that require one of some distributions, those with few requirements first."""
    try:
        declared = [Requirement(text) for text in metadata.requires(TOOL) or ()]
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed: no extras to name
        return []
    sizes: dict[str, int] = {}
    bringing = set()
    for extra in metadata.metadata(TOOL).get_all("Provides-Extra") or ():
        needed = [
            item.name
            for item in declared
            if item.marker and not item.marker.evaluate({"extra": ""}) and item.marker.evaluate({"extra": extra})
        ]
        sizes[extra] = len(needed)
        if names & {canonicalize_name(item) for item in needed}:
            bringing.add(extra)
    return sorted(bringing, key=lambda extra: (sizes[extra], extra))
