"""What is known about a model and its data: values found once, by the inspector, and passed on as JSON."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from carelabel.data.facts import Container, DataFacts, DataSource

Consent = Literal["flag", "trusted-file", "none-needed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class InputType:
    """What a predictor takes.

    Attributes:
        container: ``array`` a C-contiguous (rows, ...) array, ``frame`` a pandas DataFrame, ``csr`` a sparse
            matrix, ``columns`` a dict of (rows, 1) arrays, one a column, ``text`` a (rows,) array of str objects.
        dtype: numpy's name of the element type, such as ``float32``; empty for frames and columns.
        shape: Shape of one row; empty for text.
        columns: Names of the columns, for frames and columns; for text the one column that it is taken from.
        rounds_to: Type to which the model itself rounds its inputs before it compares them.
    """

    container: Container
    dtype: str
    shape: tuple[int, ...]
    columns: tuple[str, ...] = ()
    rounds_to: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFacts:
    """What a backend found out about a model file.

    Attributes:
        classes: The classes in the order of the probability columns; empty for regression and clustering.
        outputs: Number of predicted values a row.
        probabilities, decision: Whether ``predict_proba`` and ``decision_function`` are there.
        parameters: Number of learned numbers, or None when unknown; `counts` says of what.
        counts: Named counts such as trees, nodes, leaves, support_vectors.
        libraries: Versions of the libraries that the file was written by and loaded with.
        provides: Further words that tests may need (``boundaries``, ``gradients``, ...).
        beside: sha256 of further files that belong to the model, such as ONNX weights, by their names beside its file.
        warnings: One line each, for the label.
    """

    framework: str
    format: str
    family: str
    estimator: str
    task: str
    input_type: InputType
    n_features: int | None
    feature_names: tuple[str, ...] = ()
    classes: tuple[str | int | float | bool, ...] = ()
    outputs: int = 1
    probabilities: bool = False
    decision: bool = False
    parameters: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    provides: tuple[str, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds that the metadata sets.

    Attributes:
        timing_rows: Rows of the test set that timings rotate over.
    """

    timing_rows: int = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What the metadata claims about the model; None and empty mean: not claimed."""

    name: str
    task: str
    framework: str | None = None
    family: str | None = None
    input_shape: tuple[int, ...] | None = None
    classes: tuple[str | int | float | bool, ...] | None = None
    samples: int | None = None
    distribution: Mapping[str, float] | None = None
    sensitive: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFile:
    """A model file, hashed; nothing of it has been loaded.

    Attributes:
        head: The first 64 bytes, for backends to be chosen by.
    """

    path: Path
    sha256: str
    bytes: int
    head: builtins.bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A model file and its metadata, hashed and parsed; nothing of it has been loaded.

    Attributes:
        head: The first 64 bytes of the model file, for backends to be chosen by.
        metadata_sha256: Of the YAML file.
    """

    path: Path
    sha256: str
    bytes: int
    head: builtins.bytes
    metadata_path: Path
    metadata_sha256: str
    declared: Declared
    test: DataSource
    train: DataSource | None
    limits: Limits


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A model that has been inspected: the facts that matching and planning go by.

    Attributes:
        backend: Id of the backend that loads the original.
        provides: Words that records may need: train, labels, probabilities, decision, groups, ...
        recalled: Whether an earlier inspection of the same files has found the facts: nothing was loaded for them now.
    """

    submission: Submission
    backend: str
    consent: Consent
    model: ModelFacts
    test: DataFacts
    train: DataFacts | None
    provides: frozenset[str]
    warnings: tuple[str, ...] = ()
    recalled: bool = False

    @property
    def task(self) -> str:
        """The declared task, which the inspector has checked."""
        return self.submission.declared.task
