"""The backend behind the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carelabel_keras.files import read_model
from carelabel_keras.library import import_keras

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import Artefact, PlatformSpec, Predictor


class KerasBackend:
    """Models in .keras files on Keras' torch back end."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Find out the facts of a file: every .keras file is this backend's.

        Raises:
            LoadError: If it cannot be loaded, or the data does not fit what it takes and gives.
        """
        keras = import_keras(None)
        from carelabel_keras.facts import facts_of  # noqa: PLC0415 - brings torch, after its device was chosen

        return facts_of(path.name, read_model(path, keras), keras, data)

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:
        """Load a model for a platform.

        Raises:
            LoadError: If it cannot be loaded.
        """
        keras = import_keras(platform)
        from carelabel_keras.predictor import KerasPredictor  # noqa: PLC0415 - as above

        device = "cuda" if "cuda" in platform.tags else "cpu"
        return KerasPredictor(read_model(artefact.path, keras), artefact.facts, device)
