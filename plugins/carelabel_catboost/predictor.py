"""A model as the workers use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.data.tables import check_columns, order_of, table_of
from carelabel_catboost.model import about

if TYPE_CHECKING:
    from collections.abc import Callable

    import catboost
    from numpy.typing import NDArray

    from carelabel.data.rows import Rows
    from carelabel.model.facts import InputType, ModelFacts


class ModelPredictor:
    """A CatBoost model with its input type."""

    decision_function = None

    def __init__(self, model: catboost.CatBoost, input_type: InputType, facts: ModelFacts, threads: int) -> None:
        """Take over a model.

        Args:
            facts: Decide whether probabilities are offered.
        """
        self.input_type = input_type
        self.native: object = model
        self._model = model
        self._threads = threads
        self._type = about(model).prediction_type
        self._single = facts.outputs == 1
        self.predict_proba: Callable[[Any], NDArray[np.floating]] | None = (
            self._probabilities if facts.probabilities else None
        )

    def prepare(self, rows: Rows) -> Any:  # noqa: ANN401 - an array, or a frame
        """(n, features) numbers, or a table where some features are categories."""
        if self.input_type.container != "frame":
            return table_of(rows, self.input_type)
        check_columns(rows, self.input_type)
        order = order_of(rows, self.input_type.columns)
        frame = rows.frame()
        return frame if order is None else frame.iloc[:, order]

    def predict(self, x: Any) -> NDArray[Any]:  # noqa: ANN401 - as prepare gives it
        """Classes or values: (n,), or (n, outputs)."""
        found = np.asarray(self._model.predict(x, prediction_type=self._type, thread_count=self._threads))
        return found.reshape(-1) if self._single else found

    def close(self) -> None:
        """Let the model go."""
        del self._model
        self.native = None

    def _probabilities(self, x: Any) -> NDArray[np.floating]:  # noqa: ANN401 - as above
        """(n, k) in the order of the classes."""
        found: NDArray[np.floating] = self._model.predict(x, prediction_type="Probability", thread_count=self._threads)
        return found
