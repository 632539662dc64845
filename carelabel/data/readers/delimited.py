"""Tables as text: .csv and .tsv with a header line, in UTF-8, read as pandas reads them."""

from __future__ import annotations

import csv
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

from carelabel.data.header import first_line, not_utf8
from carelabel.data.parsed import listed
from carelabel.data.readers.table import split_table
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from carelabel.data.facts import DataSource
    from carelabel.data.parsed import Parsed

_INSTALL = "pip install 'carelabel[tables]'"


def read_csv(source: DataSource, role: str) -> Parsed:
    """Read a table; the separator is found in the header line unless the metadata gives it.

    A first column without a name is the row index that pandas writes, and is left out.

    Raises:
        UsageError: If it is no such table.
    """
    separator, header = first_line(source.path, source.options.get("separator"))
    given = source.options.get("columns")
    names = list(given or header)
    _check_names(source, names, None if given else header)
    frame = _read(source, separator, names, header=None if given else 0)
    notes: tuple[str, ...] = ()
    if names[0] == "" and not given:
        frame = frame.iloc[:, 1:]
        notes = (f"the first column of {source.path.name} has no name, was taken for a row index and left out",)
    return split_table(frame, source, role, notes)


def _check_names(source: DataSource, names: list[str], header: list[str] | None) -> None:
    if header is not None and all(map(_is_number, header)) and not all(name.strip().isdigit() for name in header):
        msg = f"{source.path.name} must start with a line of column names, found numbers: {listed(header)}"
        raise UsageError(msg, "add that line, or give the names as data.test.columns")
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        msg = f"each column of {source.path.name} must have a name of its own, found twice: {listed(map(repr, twice))}"
        raise UsageError(msg, "rename them")


def _read(source: DataSource, separator: str, names: list[str], *, header: int | None) -> Any:  # noqa: ANN401 - a DataFrame
    try:
        import pandas as pd
    except ImportError as error:
        msg = f"reading {source.path.name} needs pandas"
        raise UsageError(msg, _INSTALL) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header would be cut off
            frame = pd.read_csv(
                source.path, sep=separator, names=names, header=header, index_col=False, low_memory=False,
                encoding="utf-8-sig", on_bad_lines="error",
            )  # fmt: skip
    except UnicodeDecodeError as error:
        raise not_utf8(source.path, error) from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, ValueError) as error:
        found = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise _ragged(source, separator, len(names), found) from error
    if len(names) > 1 and frame[names[-1]].isna().any():
        _refuse_short_rows(source, separator, len(names))
    return frame


def _refuse_short_rows(source: DataSource, separator: str, width: int) -> None:
    """Pandas fills up short rows; they leave the last column empty, which is when this looks."""
    with source.path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        try:
            for row in reader:
                if row and len(row) != width:
                    raise _ragged(source, separator, width, f"{len(row)} in line {reader.line_num}")
        except csv.Error as error:
            raise _ragged(source, separator, width, f"{error} in line {reader.line_num}") from error


def _ragged(source: DataSource, separator: str, width: int, found: str) -> UsageError:
    msg = f"every row of {source.path.name} must have {width} values, found: {found}"
    return UsageError(msg, f"the separator is {separator!r}; data.test.separator sets another")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
