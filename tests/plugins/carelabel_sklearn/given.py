"""Small data and saved estimators."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.data.rows import DataSet, Rows
from carelabel.plugin.interfaces import Artefact, PlatformSpec
from carelabel_sklearn.backend import PickleBackend
from tests.factories import make_data

if TYPE_CHECKING:
    from pathlib import Path

ONE_THREAD = PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1)
CLASSES = 3


def points(rows: int = 240, width: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping clouds of float64 points that float32 does not hold exactly."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, rows)
    return rng.normal(size=(rows, width)) + y[:, None], y


def data_of(x: np.ndarray, y: np.ndarray | None = None, names: tuple[str, ...] = ()) -> DataSet:
    rows = Rows(array=x, names=names)
    return DataSet(rows=rows, target=y, groups={}, facts=make_data(rows=len(x), features=x.shape[1], shape=x.shape[1:]))


def pickled(folder: Path, thing: Any) -> Path:
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(thing))
    return path


def loaded(path: Path, data: DataSet, backend: Any = None) -> Any:
    """Facts and predictor of a saved estimator."""
    backend = backend or PickleBackend()
    facts = backend.inspect(path, data)
    assert facts is not None
    return facts, backend.load(Artefact(path=path, format=facts.format, facts=facts), ONE_THREAD)
