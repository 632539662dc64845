"""The backend behind the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carelabel_onnx.predictor import RuntimePredictor
from carelabel_onnx.session import open_session

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import Artefact, PlatformSpec, Predictor


class RuntimeBackend:
    """ONNX files on ONNX Runtime."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Find out the facts of a file: every .onnx file is this backend's.

        Raises:
            LoadError: If it cannot be loaded, or the data does not fit what it takes and gives.
        """
        from carelabel_onnx.facts import facts_of  # noqa: PLC0415 - needs onnx, which predicting does not

        return facts_of(path, data)

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:
        """Open a session for a platform.

        Raises:
            LoadError: If ONNX Runtime cannot run the file on it.
        """
        session = open_session(artefact.path, platform)
        column = artefact.parameters.get("decision_column")
        input_type = artefact.input_type or artefact.facts.input_type
        return RuntimePredictor(session, input_type, artefact.facts, None if column is None else int(column))
