"""What has to be installed for a form of the model to run."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Final

from carelabel import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from carelabel import TestContext

OWN: Final = "carelabel"
SHOWN: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """Where installed distributions are looked up; tests put their own here.

    Attributes:
        owners: Gives top-level module -> names of the distributions it belongs to.
        size: Bytes of a distribution's files on disk, or None when it does not list them.
    """

    owners: Callable[[], Mapping[str, Sequence[str]]] = metadata.packages_distributions
    size: Callable[[str], int | None] = lambda name: installed_bytes(metadata.distribution(name))


def installed_bytes(distribution: metadata.Distribution) -> int | None:
    """Bytes of the files that a distribution lists and that are there; None when it lists none."""
    if distribution.files is None:
        return None
    total = 0
    for file in distribution.files:
        try:
            total += int(distribution.locate_file(file).stat().st_size)  # type: ignore[attr-defined]  # a Path
        except OSError:
            continue  # listed, and removed since: an image for deployment is often slimmed in this way
    return total


def run(context: TestContext, *, installed: Installed | None = None) -> list[Measurement]:
    """Count distributions whose modules were imported for loading and for the first prediction, and their bytes."""
    installed = installed or Installed()
    context.live()
    modules = context.notes["modules"] if "modules" in context.notes else _foreign()
    owners = installed.owners()
    names = sorted({name for module in modules for name in owners.get(module, ())} - _not_needed(context, owners))
    sizes = {name: installed.size(name) for name in names}
    known = {name: size for name, size in sizes.items() if size is not None}
    unknown = sorted(set(sizes) - set(known))
    method = "files listed by the distributions whose modules the worker had imported after its first prediction"
    if unknown:
        method += f"; without {', '.join(unknown)}, which list none"
    largest = sorted(known.items(), key=lambda item: (-item[1], item[0]))
    detail = {"type": "distributions", "bytes": dict(largest[:SHOWN]), "others": max(0, len(largest) - SHOWN)}
    count = Measurement(quantity="dependency_count", value=len(names), n=1, method="exact")
    if names and not known:
        reason = f"none of {', '.join(unknown)} lists its files"
        return [Measurement(quantity="dependency_size", value=None, n=0, reason=reason), count]
    size = Measurement(
        quantity="dependency_size", value=sum(known.values()), n=1, method=method, detail=detail if known else None
    )
    return [size, count]


def _foreign() -> Iterable[str]:
    return {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names


def _not_needed(context: TestContext, owners: Mapping[str, Sequence[str]]) -> set[str]:
    """This program, and the plugin whose predictor it is: a deployment has neither."""
    plugin = type(context.live()).__module__.partition(".")[0]
    return {OWN, *owners.get(OWN, ()), *owners.get(plugin, ())}
