"""Plain tables that fit the terminal: every column as wide as it must be, the last one wraps."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GAP: Final = 2
NARROWEST: Final = 24


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Lay rows out under their headings.

    Args:
        rows: As many texts each as `head` has.
        width: Of the terminal, found out when None. Where the last column would get fewer than 24 characters, it
            moves to lines of its own, indented.

    Returns:
        Lines without trailing blanks.
    """
    width = width or shutil.get_terminal_size().columns
    fixed = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head) - 1)]
    indent = sum(fixed) + GAP * len(fixed)
    folded = width - indent < NARROWEST
    lines = [line for row in (head, *rows) for line in _lines(row, fixed, width, folded=folded)]
    return "\n".join(lines)


def _lines(row: Sequence[str], fixed: Sequence[int], width: int, *, folded: bool) -> Iterator[str]:
    start = "".join(text.ljust(size + GAP) for text, size in zip(row, fixed, strict=False))
    margin = " " * (4 if folded else len(start))
    room = max(width - len(margin), NARROWEST)
    wrapped = textwrap.wrap(row[-1], room, break_long_words=False, break_on_hyphens=False) or [""]  # paths stay whole
    if folded:
        yield start.rstrip()
    else:
        yield f"{start}{wrapped.pop(0)}".rstrip()
    yield from (f"{margin}{line}".rstrip() for line in wrapped)
