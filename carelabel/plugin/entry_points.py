"""Find the entry points of the group ``carelabel`` in the metadata that installers leave beside packages.

This reads the same files as `importlib.metadata`, whose import alone takes a quarter of the time of ``list-tests``.
Folders on the path are read here; anything else on it, such as a zip file, is left to `importlib.metadata`.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from carelabel.plugin.records import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

GROUP: Final = "carelabel"
_BUILTIN: Final = "carelabel"


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundPlugin:
    """An entry point that has not been loaded yet.

    Attributes:
        name, value: Of the entry point; the value names a module, or ``module:attribute``.
        distribution: Normalised name of the package that brings it.
        source: Folder that the distribution was found in.
        builtin: True when it comes with carelabel itself.
    """

    name: str
    value: str
    distribution: str
    version: str
    source: str
    builtin: bool

    @property
    def title(self) -> str:
        """Entry point, distribution and version, for problems."""
        return f"{self.name} ({self.distribution} {self.version})"


@dataclass(frozen=True, slots=True)
class _Metadata:
    """The metadata of one distribution: `read` gives the text of a file of it, or None."""

    folder: str
    source: str
    read: Callable[[str], str | None]


def find_plugins(path: Iterable[str] | None = None) -> tuple[list[FoundPlugin], list[Problem]]:
    """Every entry point of the group, sorted; of one distribution the first on the path counts.

    Args:
        path: What is searched instead of ``sys.path``.
    """
    plugins: dict[tuple[str, str], FoundPlugin] = {}
    problems = []
    seen: set[str] = set()
    for place in dict.fromkeys(sys.path if path is None else path):
        for metadata in _distributions(place or "."):
            try:
                name, found = _read(metadata)
            except (OSError, ValueError) as error:
                text = f"entry_points.txt must be readable, got {type(error).__name__}: {error}"
                source = str(Path(metadata.source, metadata.folder))
                problems.append(Problem(source=source, code="unreadable", text=text, hint="install it again"))
                continue
            if found and name not in seen:
                plugins |= {(plugin.name, name): plugin for plugin in found}
            seen.add(name)
    return [plugins[key] for key in sorted(plugins)], problems


def _distributions(place: str) -> Iterator[_Metadata]:
    try:
        names = sorted(os.listdir(place))  # noqa: PTH208 - paths are made for the few that are metadata
    except NotADirectoryError:
        yield from _elsewhere(place)
        return
    except OSError:  # what is on the path need not exist, as for imports
        return
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            yield _Metadata(name, place, _reader(Path(place, name)))


def _reader(folder: Path) -> Callable[[str], str | None]:
    def read(name: str) -> str | None:
        try:
            return (folder / name).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None

    return read


def _elsewhere(place: str) -> Iterator[_Metadata]:
    from importlib.metadata import distributions  # noqa: PLC0415 - slow, see above

    for found in distributions(path=[place]):
        yield _Metadata(f"{found.name}-{found.version}.dist-info", place, found.read_text)


def _read(metadata: _Metadata) -> tuple[str, list[FoundPlugin]]:
    """Name of a distribution, empty when it has nothing to do with carelabel, and its entry points.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If a file is not what it should be.
    """
    text = metadata.read("entry_points.txt")
    entries = dict(_entries(text)) if text and f"[{GROUP}]" in text else {}
    if not entries:
        return "", []
    name, version = _identity(metadata)
    return name, [
        FoundPlugin(
            name=entry,
            value=value,
            distribution=name,
            version=version,
            source=metadata.source,
            builtin=name == _BUILTIN,
        )
        for entry, value in entries.items()
    ]


def _entries(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[]").strip()
        elif section == GROUP and line and not line.startswith(("#", ";")):
            name, equals, value = (part.strip() for part in line.partition("="))
            if not (name and equals and value):
                msg = f"an entry point must be 'name = module', got {line!r}"
                raise ValueError(msg)
            yield name, value


def _identity(metadata: _Metadata) -> tuple[str, str]:
    """Normalised name and version; from the folder's name where METADATA is missing."""
    text = metadata.read("METADATA") or metadata.read("PKG-INFO") or ""
    header = dict(re.findall(r"^(Name|Version): *(.+?) *$", text.partition("\n\n")[0], re.MULTILINE))
    name, _, version = metadata.folder.rpartition(".")[0].partition("-")
    name, version = header.get("Name", name), header.get("Version", version) or "unknown"
    return re.sub(r"[-_.]+", "-", name).lower(), version
