"""Parquet tables, read through pandas and pyarrow, so that categories and times keep their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carelabel.data.parsed import listed
from carelabel.data.readers.table import split_table
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from carelabel.data.facts import DataSource
    from carelabel.data.parsed import Parsed


def read_parquet(source: DataSource, role: str) -> Parsed:
    """Read a table; an index that pandas stored is left out.

    Raises:
        UsageError: If it is no such table.
    """
    try:
        import pandas as pd
        import pyarrow as pa
    except ImportError as error:
        msg = f"reading {source.path.name} needs pandas and pyarrow"
        raise UsageError(msg, "pip install 'carelabel[tables]'") from error
    try:
        frame = pd.read_parquet(source.path, engine="pyarrow")
    except (pa.ArrowException, OSError, ValueError) as error:
        msg = f"{source.path.name} must be a readable parquet file, found: {error}"
        raise UsageError(msg, "save it again") from error
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = f"each column of {source.path.name} must have a name of its own, found twice: {listed(map(repr, twice))}"
        raise UsageError(msg, "rename them")
    return split_table(frame, source, role)
