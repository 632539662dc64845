"""The backend behind the record: models compiled as code.

Nothing here imports the framework that a model was trained with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carelabel.errors import LoadError
from carelabel_fastinference.if_else import IfElseModel
from carelabel_fastinference.layouts import LIBRARY, RULES
from carelabel_fastinference.predictor import TreePredictor
from carelabel_fastinference.store import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel import Artefact, PlatformSpec, Predictor
    from carelabel.data.rows import DataSet


class CodeBackend:
    """Folders with a compiled library and the rules around it; they compute on one thread."""

    def inspect(self, path: Path, data: DataSet) -> None:
        """Decline every file: a library is made by a converter, never submitted."""
        del path, data

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:  # noqa: ARG002 - as the class says
        """Load the library.

        Raises:
            LoadError: If it cannot be loaded.
        """
        library = artefact.path / LIBRARY
        try:
            model = IfElseModel(read_model(artefact.path / RULES), library)
        except (OSError, AttributeError, ValueError) as error:
            msg = f"{library} must be a library compiled for this machine; it cannot be loaded: {error}"
            raise LoadError(msg, f"delete {artefact.path.parent} and run again") from error
        return TreePredictor(model, artefact.input_type or artefact.facts.input_type, artefact.facts)
