"""A saved model with the rows it was trained on, which some converters need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.conversions.models.given import TEST, TRAIN, Given, points

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIDE = 12


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class WithTrain(Given):
    """A saved model with its training set."""

    train: tuple[NDArray[Any], NDArray[Any]]


def with_train(path: Path, x: NDArray[Any], y: NDArray[Any], task: str = "classification") -> WithTrain:
    return WithTrain(path=path, x=x[TRAIN:], y=y[TRAIN:], task=task, train=(x[:TRAIN], y[:TRAIN]))


def clouds() -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Clouds of points far enough apart that 256 steps tell their classes, and a target; as `given.points`."""
    x, y, target = points()
    return x + 2.0 * y[:, None] - 3.0, y, target


def images() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Noise with a bright bar that lies elsewhere in each of three classes: (n, 1, 12, 12)."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3, TRAIN + TEST)
    x = rng.normal(size=(len(y), 1, SIDE, SIDE))
    x[np.arange(len(y)), 0, :, 4 * y] += 1.5
    return x, y
