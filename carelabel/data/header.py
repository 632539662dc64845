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
    if len(head) == _HEAD_CHARACTERS and not {"\n", "\r"} & set(head):
        msg = f"the first line of {path.name} must have less than {_HEAD_CHARACTERS} characters, found more"
        raise UsageError(msg, "it should hold the column names; save wide data as .npz")
    choices = (separator,) if separator else ("\t",) if path.suffix.lower() == ".tsv" else _SEPARATORS
    rows = {choice: found for choice in choices if (found := _first_rows(head, choice))}
    if not rows:
        msg = f"{path.name} must be a table as text, found lines that {choices[0]!r} does not part into values"
        raise UsageError(msg, "say what parts them with separator")
    best = max(rows, key=lambda choice: _fit(rows[choice]))
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


def _first_rows(head: str, separator: str) -> list[list[str]]:
    """None where it is no separator of the table: what is not parted by it can be too large for a value."""
    try:
        reader = csv.reader(StringIO(head, newline=""), delimiter=separator)  # lines may end in any way
        return list(islice(filter(None, reader), _LOOK_AT))
    except csv.Error:
        return []


def _fit(rows: list[list[str]]) -> tuple[bool, int]:
    """How well a separator fits: the same number of values in every row, and many of them."""
    widths = {len(row) for row in rows[:-1] or rows}  # the last row that was looked at may be cut off
    return len(widths) == 1, len(rows[0])
