"""A booster as the workers use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost

from carelabel.data.tables import table_of
from carelabel_xgboost.learner import settings_of
from carelabel_xgboost.objectives import meaning_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from carelabel.data.rows import Rows
    from carelabel.model.facts import InputType, ModelFacts

_MIDDLE = 0.5


class BoosterPredictor:
    """A booster with its input type; ``native`` is the booster with exactly the rounds that predict."""

    decision_function = None

    def __init__(self, booster: xgboost.Booster, input_type: InputType, facts: ModelFacts) -> None:
        """Take over a booster.

        Args:
            facts: Decide what its answers stand for.
        """
        settings = settings_of(booster)
        self.input_type = input_type
        self.native: object = booster
        self._booster = booster
        self._meaning = meaning_of(settings.objective)
        # A linear booster has no in-place prediction.
        self._raw = self._through_matrix if settings.booster == "gblinear" else self._in_place
        self._classes = np.asarray(facts.classes)
        self.predict_proba: Callable[[Any], NDArray[np.floating]] | None = (
            self._probabilities if facts.probabilities else None
        )

    def prepare(self, rows: Rows) -> NDArray[np.float32]:
        """(n, features) in the order of the model; see `carelabel.data.tables.table_of`."""
        return table_of(rows, self.input_type)

    def predict(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Classes or values: (n,), or (n, outputs)."""
        raw = self._raw(x)
        if self._meaning == "value":
            return raw
        codes = self._codes(raw)
        return self._classes[codes] if len(self._classes) else codes

    def close(self) -> None:
        """Let the booster go."""
        del self._booster
        self.native = None

    def _codes(self, raw: NDArray[np.float32]) -> NDArray[np.int64]:
        if self._meaning == "probabilities":
            return np.asarray(raw.argmax(axis=1))
        above = raw if self._meaning == "class" else raw > (_MIDDLE if self._meaning == "probability" else 0.0)
        return above.astype(np.int64)

    def _probabilities(self, x: NDArray[np.float32]) -> NDArray[np.floating]:
        raw = self._raw(x)
        return np.column_stack([1 - raw, raw]) if raw.ndim == 1 else raw

    def _in_place(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._booster.inplace_predict(x, validate_features=False)
        return found

    def _through_matrix(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._booster.predict(xgboost.DMatrix(x), validate_features=False)
        return found
