"""Skips that share a rule become one line with wildcards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carelabel.plan import Skip


def fold_skips(skips: Iterable[Skip]) -> tuple[Skip, ...]:
    """Join skips of the same rule; everything they are about is named."""
    groups: dict[tuple[str, str, str], list[Skip]] = {}
    for skip in skips:
        groups.setdefault((skip.code, skip.text, skip.hint), []).append(skip)
    return tuple(
        replace(group[0], what=", ".join(dict.fromkeys(skip.what for skip in group))) for group in groups.values()
    )
