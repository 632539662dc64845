"""The backend behind the record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from carelabel.data.tables import as_in_data, table_of
from carelabel.measure.thresholds import PLACES, place_rows
from carelabel_lightgbm.facts import facts_of
from carelabel_lightgbm.files import is_foreign, read_booster, text_of
from carelabel_lightgbm.predictor import BoosterPredictor
from carelabel_lightgbm.text import split_trees

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.data.rows import DataSet
    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.interfaces import Artefact, BoundaryRows, PlatformSpec


class BoosterBackend:
    """LightGBM's own files."""

    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        """Find out the facts of a file, or None when it is text of another kind.

        Raises:
            LoadError: If it cannot be read, or the data does not fit.
        """
        return None if is_foreign(path) else facts_of(path, data)

    def load(self, artefact: Artefact, platform: PlatformSpec) -> BoosterPredictor:
        """Read a booster for a platform.

        Raises:
            LoadError: If it cannot be read.
        """
        booster = read_booster(artefact.path)
        input_type = artefact.input_type or artefact.facts.input_type
        return BoosterPredictor(booster, input_type, artefact.facts, platform.threads)

    def boundary_rows(self, predictor: BoosterPredictor, data: DataSet, limit: int, seed: int) -> BoundaryRows | None:
        """Rows on and next to split thresholds, or None where the booster has none."""
        draws = limit // PLACES
        if draws < 1 or len(data.rows) == 0:
            return None
        rng = np.random.default_rng(seed)
        base = table_of(data.rows[np.sort(rng.integers(len(data.rows), size=draws))], predictor.input_type)
        found = place_rows(split_trees(text_of(predictor.native)), base, rng)
        if found is None:
            return None
        return replace(found, rows=as_in_data(found.rows, data.rows, predictor.input_type.columns))
