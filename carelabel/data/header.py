"""The first line of a table as text, and what separates its values. Standard library only: the parent uses it too."""

from __future__ import annotations

import csv
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING, Final

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_LOOK_AT: Final = 20
_HEAD_CHARACTERS: Final = 1 << 20
_SEPARATORS: Final = (",", ";", "\t", "|")


def first_line(path: Path, separator: str | None = None) -> tuple[str, list[str]]:
    """The separator, found in the first rows unless it is given, and the values of the first row.

    Raises:
        UsageError: If the file is empty or no text in UTF-8.
    """
    head = _head(path)
    if "\0" in head:
        msg = f"{path.name} must be a table as text, found binary data"
        raise UsageError(msg, "say what it is with format")
    if not head.strip():
        msg = f"{path.name} must hold a header line and rows, found an empty file"
        raise UsageError(msg)
    choices = (separator,) if separator else ("\t",) if path.suffix.lower() == ".tsv" else _SEPARATORS
    rows = {
        choice: list(islice(filter(None, csv.reader(StringIO(head), delimiter=choice)), _LOOK_AT)) for choice in choices
    }
    best = max(choices, key=lambda choice: _fit(rows[choice]))
    return best, rows[best][0]


def not_utf8(path: Path, error: UnicodeDecodeError) -> UsageError:
    """What is said about a file in another encoding."""
    found = f"byte 0x{error.object[error.start]:02x}"
    return UsageError(f"{path.name} must be text in UTF-8, found {found}", "save it as UTF-8")


def _head(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return file.read(_HEAD_CHARACTERS)
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from error


def _fit(rows: list[list[str]]) -> tuple[bool, int]:
    """How well a separator fits: the same number of values in every row, and many of them."""
    widths = {len(row) for row in rows[:-1] or rows}  # the last row that was looked at may be cut off
    return len(widths) == 1, len(rows[0])
