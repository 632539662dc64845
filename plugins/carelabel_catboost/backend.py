"""The backend behind the record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from carelabel.data.tables import as_in_data, table_of
from carelabel.measure.thresholds import PLACES, place_rows
from carelabel_catboost.facts import facts_of
from carelabel_catboost.files import read_model
from carelabel_catboost.model import borders
from carelabel_catboost.predictor import ModelPredictor

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import Artefact, BoundaryRows, PlatformSpec


class ModelBackend:
    """CatBoost's own files."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Find out the facts of a file: every .cbm file is this backend's.

        Raises:
            LoadError: If it cannot be read.
        """
        return facts_of(path, data)

    def load(self, artefact: Artefact, platform: PlatformSpec) -> ModelPredictor:
        """Read a model for a platform.

        Raises:
            LoadError: If it cannot be read.
        """
        model = read_model(artefact.path)
        input_type = artefact.input_type or artefact.facts.input_type
        return ModelPredictor(model, input_type, artefact.facts, platform.threads)

    def boundary_rows(self, predictor: ModelPredictor, data: DataSet, limit: int, seed: int) -> BoundaryRows | None:
        """Rows on and next to thresholds, or None where some features are no numbers."""
        draws = limit // PLACES
        if draws < 1 or len(data.rows) == 0 or predictor.input_type.container != "array":
            return None
        rng = np.random.default_rng(seed)
        base = table_of(data.rows[np.sort(rng.integers(len(data.rows), size=draws))], predictor.input_type)
        found = place_rows(borders(predictor.native), base, rng)
        if found is None:
            return None
        return replace(found, rows=as_in_data(found.rows, data.rows, predictor.input_type.columns))
