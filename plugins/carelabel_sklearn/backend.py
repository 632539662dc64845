"""The backends behind the records: one class a file format, one way to inspect, load and place boundary rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from carelabel_sklearn import files
from carelabel_sklearn.boundaries import place_boundary_rows
from carelabel_sklearn.content import ZIP_MARK, is_joblib
from carelabel_sklearn.facts import facts_of
from carelabel_sklearn.predictor import SklearnPredictor

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import Artefact, BoundaryRows, PlatformSpec, Predictor


class _SklearnBackend(ABC):
    """What the formats share."""

    file_format: ClassVar[str]

    @abstractmethod
    def owns(self, path: Path) -> bool:
        """Whether the file is of this backend's format, judged by its name and bytes."""

    @abstractmethod
    def read(self, path: Path) -> files.Loaded:
        """Load what the file holds."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Find out the facts of a file, or None when another backend's format fits its bytes.

        Raises:
            LoadError: If it cannot be loaded or holds no fitted estimator that predicts.
        """
        if not self.owns(path):
            return None
        return facts_of(path.name, self.read(path), self.file_format, data)

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:  # noqa: ARG002 - threads come from the environment
        """Load an estimator; threads are bounded by the worker's environment and affinity.

        Raises:
            LoadError: If it cannot be loaded.
        """
        loaded = self.read(artefact.path)
        input_type = artefact.input_type or artefact.facts.input_type
        return SklearnPredictor(loaded.content, input_type, artefact.facts)

    def boundary_rows(self, predictor: Predictor, data: DataSet, limit: int, seed: int) -> BoundaryRows | None:
        """Rows on and next to split thresholds, or None where the estimator has none that can be reached."""
        return place_boundary_rows(predictor.native, predictor.input_type, data, limit, seed)


class PickleBackend(_SklearnBackend):
    """Estimators saved by pickle."""

    file_format = "sklearn-pickle"

    def read(self, path: Path) -> files.Loaded:
        """Load what the file holds; see `carelabel_sklearn.files.read_pickle`."""
        return files.read_pickle(path)

    def owns(self, path: Path) -> bool:
        """Everything under its suffixes but what joblib wrote; what is no pickle is told so when it is read."""
        return not is_joblib(path)


class JoblibBackend(_SklearnBackend):
    """Estimators saved by joblib."""

    file_format = "sklearn-joblib"

    def read(self, path: Path) -> files.Loaded:
        """Load what the file holds; see `carelabel_sklearn.files.read_joblib`."""
        return files.read_joblib(path)

    def owns(self, path: Path) -> bool:
        """Everything called .joblib, and what joblib wrote under another name."""
        return path.suffix in {".joblib", ".jl"} or is_joblib(path)


class SkopsBackend(_SklearnBackend):
    """Estimators saved by skops."""

    file_format = "sklearn-skops"

    def read(self, path: Path) -> files.Loaded:
        """Load what the file holds; see `carelabel_sklearn.files.read_skops`."""
        return files.read_skops(path)

    def owns(self, path: Path) -> bool:
        """Everything called .skops, and zip archives that name skops' schema."""
        if path.suffix == ".skops":
            return True
        with path.open("rb") as file:
            return file.read(4) == ZIP_MARK
