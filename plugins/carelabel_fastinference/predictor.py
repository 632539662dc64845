"""A loaded tree model as the workers use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from carelabel.data.tables import table_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from carelabel.data.rows import Rows
    from carelabel.model.facts import InputType, ModelFacts
    from carelabel_fastinference.if_else import IfElseModel
    from carelabel_fastinference.model import FastModel

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


class TreePredictor:
    """A compiled or packed model with its input type; a call is the engine's own, without a frame around it."""

    def __init__(self, model: FastModel | IfElseModel, input_type: InputType, facts: ModelFacts) -> None:
        """Take over what the model offers.

        Args:
            facts: Decide whether probabilities and decision scores are offered.
        """
        self.input_type = input_type
        self.native: object = model
        self.predict: Callable[[Any], Array] = model.predict
        self.predict_proba: Callable[[Any], Any] | None = model.predict_proba if facts.probabilities else None
        self.decision_function: Callable[[Any], Array] | None = model.decision_function if facts.decision else None

    def prepare(self, rows: Rows) -> Array:
        """(n, n_features) array of the input type, in the order of the model; see `carelabel.data.tables.table_of`."""
        return table_of(rows, self.input_type)

    def close(self) -> None:
        """Nothing is held outside this object."""
