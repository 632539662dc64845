"""Checkpoints on Treelite's general inference library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import treelite

from carelabel.errors import LoadError
from carelabel_treelite.predictor import TreePredictor

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from carelabel.data.rows import DataSet
    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import Artefact, PlatformSpec


class GtilBackend:
    """Runs checkpoints that the converter has written; no file that a user submits is its own."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Decline every file."""
        del path, data
        return None

    def load(self, artefact: Artefact, platform: PlatformSpec) -> TreePredictor:
        """Read a checkpoint; each call uses as many threads as the platform grants.

        Raises:
            LoadError: If it cannot be read.
        """
        try:
            model = treelite.Model.deserialize(artefact.path)
        except treelite.TreeliteError as error:
            msg = f"{artefact.path.name} must hold a Treelite checkpoint; Treelite {treelite.__version__} says: {error}"
            raise LoadError(msg, "convert the model again") from error

        def engine(x: NDArray[Any], margin: bool) -> NDArray[np.floating]:  # noqa: FBT001 - the engine's only switch
            found: NDArray[np.floating] = treelite.gtil.predict(model, x, nthread=platform.threads, pred_margin=margin)
            return found

        return TreePredictor(engine, model, artefact.input_type or artefact.facts.input_type, artefact.facts)
