"""What a reader makes of a file: rows, the raw target and the sensitive columns, not yet checked."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from carelabel.data.facts import DataSource
    from carelabel.data.rows import Rows

LISTED = 8
"""How many names an error lists before it only counts the rest."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Parsed:
    """A data file in memory.

    Attributes:
        rows: The features.
        target: (n,) or (n, outputs) as found, text as objects with None where it is missing; None without one.
        target_name: Column or array it came from.
        groups: Sensitive columns, (n,) each.
        warnings: One line each.
    """

    rows: Rows
    target: NDArray[Any] | None
    target_name: str
    groups: dict[str, NDArray[Any]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def listed(names: Iterable[object]) -> str:
    """Names for an error msg: the first few, then how many more there are."""
    found = [str(name) for name in names]
    shown = ", ".join(found[:LISTED])
    return f"{shown} and {len(found) - LISTED} more" if len(found) > LISTED else shown or "none"


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint that names the known word that comes nearest, or all of them."""
    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), lower, n=1)
    return f"did you mean {lower[close[0]]!r}?" if close else f"there are: {listed(known)}"


def require_names(source: DataSource, what: str, wanted: Sequence[str], known: Sequence[str]) -> None:
    """Refuse names that the file does not have.

    Raises:
        UsageError: If one of `wanted` is not in `known`; names the nearest.
    """
    for name in wanted:
        if name not in known:
            msg = f"{what} must name a column of {source.path.name}, found {name!r}, which it does not have"
            raise UsageError(msg, nearest(name, known))


def wanted_names(source: DataSource, key: str) -> list[str]:
    """An option that is a name or a list of names, as a list."""
    value = source.options.get(key)
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
