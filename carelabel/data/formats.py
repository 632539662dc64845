"""File formats of data sets, by name and by suffix. Imports nothing heavy: the parent decides by it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES: Final = MappingProxyType(
    {
        ".npz": "npz",
        ".npy": "npy",
        ".csv": "csv",
        ".tsv": "csv",
        ".parquet": "parquet",
        ".libsvm": "libsvm",
        ".svmlight": "libsvm",
        ".svm": "libsvm",
    }
)
"""Suffix to format."""

FORMATS: Final = tuple(dict.fromkeys(SUFFIXES.values()))
TABLES: Final = frozenset({"csv", "parquet"})
"""Formats with named columns."""

TARGETS: Final = ("target", "y", "label", "labels", "class")
"""Column names that are taken for the target when the metadata names none; capitals don't matter."""

READERS: Final = MappingProxyType(
    {
        "npz": "carelabel.data.readers.npz:read_npz",
        "npy": "carelabel.data.readers.npz:read_npy",
        "csv": "carelabel.data.readers.delimited:read_csv",
        "parquet": "carelabel.data.readers.parquet:read_parquet",
        "libsvm": "carelabel.data.readers.libsvm:read_libsvm",
    }
)
"""Format to the function that reads it, imported by the inspector only."""


def format_of(path: Path) -> str | None:
    """The format that a file's suffix stands for, or None."""
    return SUFFIXES.get(path.suffix.lower())
