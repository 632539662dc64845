"""A booster as the workers use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.data.tables import table_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import lightgbm
    from numpy.typing import NDArray

    from carelabel.data.rows import Rows
    from carelabel.model.facts import InputType, ModelFacts


class BoosterPredictor:
    """A booster with its input type."""

    def __init__(self, booster: lightgbm.Booster, input_type: InputType, facts: ModelFacts, threads: int) -> None:
        """Take over a booster.

        Args:
            facts: Decide what its answers stand for.
        """
        self.input_type = input_type
        self.native: object = booster
        self._booster = booster
        self._threads = threads
        self._classes = np.asarray(facts.classes)
        self.predict_proba: Callable[[Any], NDArray[np.floating]] | None = self._scores if facts.probabilities else None
        self.decision_function: Callable[[Any], NDArray[np.floating]] | None = self._scores if facts.decision else None

    def prepare(self, rows: Rows) -> NDArray[np.float64]:
        """(n, features) in the order of the model; see `carelabel.data.tables.table_of`."""
        return table_of(rows, self.input_type)

    def predict(self, x: NDArray[np.float64]) -> NDArray[Any]:
        """(n,) classes or values."""
        if not len(self._classes):
            return self._raw(x)
        found: NDArray[Any] = self._classes[self._scores(x).argmax(axis=1)]
        return found

    def close(self) -> None:
        """Let the booster go."""
        del self._booster
        self.native = None

    def _scores(self, x: NDArray[np.float64]) -> NDArray[np.floating]:
        """(n, k) in the order of the classes."""
        raw = self._raw(x)
        return np.column_stack([1 - raw, raw]) if raw.ndim == 1 else raw

    def _raw(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        # The number of threads is asked for in every call: without it, all processors are used.
        found: NDArray[np.float64] = self._booster.predict(x, num_threads=self._threads)
        return found
