"""Skips that share a rule become one line with wildcards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carelabel.plan import Skip

_SHOWN = 6


def fold_skips(skips: Iterable[Skip]) -> tuple[Skip, ...]:
    """Join skips of the same rule; what they are about is listed, or counted when there are many."""
    groups: dict[tuple[str, str, str], list[Skip]] = {}
    for skip in skips:
        groups.setdefault((skip.code, skip.text, skip.hint), []).append(skip)
    return tuple(replace(group[0], what=_what([skip.what for skip in group])) for group in groups.values())


def _what(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    if len(unique) <= _SHOWN:
        return ", ".join(unique)
    return f"{', '.join(unique[:_SHOWN])} and {len(unique) - _SHOWN} more"
