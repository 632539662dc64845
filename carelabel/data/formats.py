"""File formats of data sets, by name and by suffix. Imports nothing heavy: the parent decides by it."""

from __future__ import annotations

from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Final

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
        ".zip": "images",
    }
)
"""Suffix to format; a folder holds images, too."""

FORMATS: Final = tuple(dict.fromkeys(SUFFIXES.values()))
IMAGES: Final = "images"
TABLES: Final = frozenset({"csv", "parquet"})
"""Formats with named columns."""

IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
"""Names of files that are images."""

TARGETS: Final = ("target", "y", "label", "labels", "class")
"""Column names that are taken for the target when the metadata names none; capitals don't matter."""

READERS: Final = MappingProxyType(
    {
        "npz": "carelabel.data.readers.npz:read_npz",
        "npy": "carelabel.data.readers.npz:read_npy",
        "csv": "carelabel.data.readers.delimited:read_csv",
        "parquet": "carelabel.data.readers.parquet:read_parquet",
        "libsvm": "carelabel.data.readers.libsvm:read_libsvm",
        "images": "carelabel.data.readers.images:read_images",
    }
)
"""Format to the function that reads it, imported by the inspector only."""


def format_of(path: PurePath) -> str | None:
    """The format that a file's suffix stands for, or None; a folder that is there is one of images."""
    return IMAGES if isinstance(path, Path) and path.is_dir() else SUFFIXES.get(path.suffix.lower())
