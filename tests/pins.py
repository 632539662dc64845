"""Which libraries here have another version than constraints.txt: what a table says of theirs need not hold then."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from carelabel.plugin.discovery import discover
from tests.house.generated import ROOT

ALWAYS = ("numpy", "scipy")


@cache
def others(*also: str) -> tuple[str, ...]:
    """``name version`` of every library that a plugin builds on, or that is named, and that is not the pinned one."""
    records = [item.record for item in discover().records.values()]
    named = {canonicalize_name(Requirement(text).name) for record in records for text in record.requires}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.partition("==") for line in lines if "==" in line and not line.startswith("#")]
    found = []
    for name, _, wanted in pinned:
        if canonicalize_name(name) in named.union(ALWAYS, also):
            try:
                here = version(name)
            except PackageNotFoundError:
                continue
            if here.partition("+")[0] != wanted.strip():
                found.append(f"{name} {here}")
    return tuple(found)
