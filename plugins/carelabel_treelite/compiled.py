"""Shared objects that TL2cgen's C was compiled to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tl2cgen

from carelabel.errors import LoadError
from carelabel_treelite.predictor import TreePredictor

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from carelabel.data.rows import DataSet
    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import Artefact, PlatformSpec


class CompiledBackend:
    """Runs shared objects that the converter has made; no file that a user submits is its own."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Decline every file."""
        del path, data
        return None

    def load(self, artefact: Artefact, platform: PlatformSpec) -> TreePredictor:
        """Load a shared object with as many threads as the platform grants.

        Raises:
            LoadError: If it cannot be loaded.
        """
        try:
            predictor = tl2cgen.Predictor(str(artefact.path), nthread=platform.threads, verbose=False)
        except tl2cgen.TL2cgenError as error:
            msg = f"{artefact.path.name} must be a shared object made by TL2cgen; it says: {error}"
            raise LoadError(msg, "convert the model again") from error
        dtype = predictor.threshold_type

        def engine(x: NDArray[Any], margin: bool) -> NDArray[np.floating]:  # noqa: FBT001 - the engine's only switch
            found: NDArray[np.floating] = predictor.predict(tl2cgen.DMatrix(x, dtype=dtype), pred_margin=margin)
            return found

        return TreePredictor(engine, predictor, artefact.input_type or artefact.facts.input_type, artefact.facts)
