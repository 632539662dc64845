"""Small data, and what a saved model comes with."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

WIDTH = 6
TRAIN = 400
TEST = 400
WORDS = np.array(["ash", "birch", "cedar"])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Given:
    """A saved model and its test set."""

    path: Path
    x: NDArray[np.float64]
    y: NDArray[Any]
    task: str = "classification"


def points() -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Overlapping clouds of float64 points that float32 does not hold exactly, their classes, and a positive target."""
    rng = np.random.default_rng(7)
    y = rng.integers(0, 3, TRAIN + TEST)
    x = rng.normal(size=(len(y), WIDTH)) + y[:, None]
    return x, y, 20.0 + 3.0 * x[:, 0] - x[:, 1] ** 2 + rng.normal(scale=0.3, size=len(y))


def with_gaps(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """One value in ten missing."""
    gaps = np.random.default_rng(8).random(x.shape) < 0.1
    return np.where(gaps, np.nan, x)


def with_extremes(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """One value in ten missing, one in ten infinite, one in ten beyond what float32 holds."""
    draw = np.random.default_rng(10).random(x.shape)
    extremes = np.select(
        [draw < 0.1, draw < 0.15, draw < 0.2, draw < 0.25, draw < 0.3], [np.nan, np.inf, -np.inf, 1e39, -1e39]
    )
    return np.where(draw < 0.3, extremes, x)


def with_categories(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first column replaced by categories 0 to 9."""
    return np.column_stack([np.random.default_rng(9).integers(0, 10, len(x)), x[:, 1:]])


def pickled(folder: Path, model: Any, x: NDArray[np.float64], y: NDArray[Any], task: str = "classification") -> Given:
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(model.fit(x[:TRAIN], y[:TRAIN])))
    return Given(path=path, x=x[TRAIN:], y=y[TRAIN:], task=task)
