"""What was found in a data set, and where it lies: values that are passed on as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Container = Literal["array", "frame", "csr", "columns", "text"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFacts:
    """What was found in a data set when it was read.

    Attributes:
        sha256: Of the file as given; of a folder of images over the names and contents of its files.
        rows, features: Counts; features counts columns without the target.
        shape: Shape of one row.
        container: The container the rows are laid down in: array, frame or csr.
        columns: Column names, for tables.
        dtypes: Type of each column (tables) or of the array (one entry).
        classes: Values of the target for classification, sorted.
        all_classes: Classes that there can be, those without a row included: as the metadata lists them, in its order,
            else those of training and test data, sorted. A model that names none numbers its classes in this order.
        distribution: Class to number of rows.
        target: Name of the target, or empty when there is none.
        sensitive: Names of the sensitive columns that were laid down beside the rows.
        missing: Number of missing values in the features.
        folder: Where the rows lie, a folder as `carelabel.data` writes it.
        warnings: One line each, for the label.
    """

    sha256: str
    bytes: int
    rows: int
    features: int
    shape: tuple[int, ...]
    container: Container
    dtypes: tuple[str, ...]
    columns: tuple[str, ...] = ()
    classes: tuple[str | int | float | bool, ...] = ()
    distribution: Mapping[str, int] = field(default_factory=dict)
    target: str = ""
    sensitive: tuple[str, ...] = ()
    missing: int = 0
    folder: str = ""
    warnings: tuple[str, ...] = ()
    all_classes: tuple[str | int | float | bool, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSource:
    """One data file, or a folder of images, as the metadata names it.

    Attributes:
        path: Absolute.
        sha256, bytes: Of the file, streamed; of a folder, over the names and contents of its files in order.
        target: Target column (tables), array name (.npz) or empty for the default.
        options: Everything else the reader needs (features array, sensitive columns, separator, ...).
    """

    path: Path
    sha256: str
    bytes: int
    target: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
