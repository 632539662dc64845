"""The backends behind the records: one class a file format, one way to inspect, load and place boundary rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from carelabel_sklearn import files
from carelabel_sklearn.boundaries import place_boundary_rows
from carelabel_sklearn.content import ZIP_MARK, is_joblib
from carelabel_sklearn.facts import facts_of
from carelabel_sklearn.predictor import SklearnPredictor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel.plugin.protocols import Artefact, BoundaryRows, PlatformSpec, Predictor
    from carelabel.subject import ModelFacts


class _SklearnBackend:
    """What the formats share."""

    file_format: ClassVar[str]
    read: ClassVar[Callable[[Path], files.Loaded]]

    def owns(self, path: Path) -> bool:
        """Whether the file is of this backend's format, judged by its bytes."""
        raise NotImplementedError

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Find out the facts of a file, or None when another backend's format fits its bytes.

        Raises:
            LoadError: If it cannot be loaded or holds no fitted estimator that predicts.
        """
        if not self.owns(path):
            return None
        return facts_of(path.name, type(self).read(path), self.file_format, data)

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:  # noqa: ARG002 - threads come from the environment
        """Load an estimator; threads are bounded by the worker's environment and affinity.

        Raises:
            LoadError: If it cannot be loaded.
        """
        loaded = type(self).read(artefact.path)
        input_type = artefact.input_type or artefact.facts.input_type
        return SklearnPredictor(loaded.content, input_type, artefact.facts)

    def boundary_rows(self, predictor: Predictor, data: DataSet, limit: int, seed: int) -> BoundaryRows | None:
        """Rows on and next to split thresholds, or None where the estimator has none that can be reached."""
        return place_boundary_rows(predictor.native, predictor.input_type, data, limit, seed)


class PickleBackend(_SklearnBackend):
    """Estimators saved by pickle."""

    file_format = "sklearn-pickle"
    read = staticmethod(files.read_pickle)

    def owns(self, path: Path) -> bool:
        """Everything under its suffixes but what joblib wrote; what is no pickle is told so when it is read."""
        return not is_joblib(path)


class JoblibBackend(_SklearnBackend):
    """Estimators saved by joblib."""

    file_format = "sklearn-joblib"
    read = staticmethod(files.read_joblib)

    def owns(self, path: Path) -> bool:
        """Everything called .joblib, and what joblib wrote under another name."""
        return path.suffix in {".joblib", ".jl"} or is_joblib(path)


class SkopsBackend(_SklearnBackend):
    """Estimators saved by skops."""

    file_format = "sklearn-skops"
    read = staticmethod(files.read_skops)

    def owns(self, path: Path) -> bool:
        """Everything called .skops, and zip archives that name skops' schema."""
        if path.suffix == ".skops":
            return True
        with path.open("rb") as file:
            return file.read(4) == ZIP_MARK
