"""What both engines give, as the workers use it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.data.tables import table_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from carelabel.data.rows import Rows
    from carelabel.model.facts import InputType, ModelFacts

    Engine = Callable[[NDArray[Any], bool], NDArray[np.floating]]

_MIDDLE = 0.5


class TreePredictor:
    """An engine with its input type.

    An engine gives (n, targets, k) for prepared rows: values (k = 1), probabilities (k = 1 is that of the second
    class), or scores before their last function where it is asked for those.
    """

    decision_function = None

    def __init__(self, engine: Engine, native: object, input_type: InputType, facts: ModelFacts) -> None:
        """Take over an engine.

        Args:
            native: The library's own object.
            facts: Decide what the answers stand for.
        """
        self.input_type = input_type
        self.native = native
        self._engine = engine
        self._rounded = replace(input_type, dtype=input_type.rounds_to)
        self._facts = facts
        self._classes = np.asarray(facts.classes)
        self.predict_proba: Callable[[Any], NDArray[np.floating]] | None = (
            self._probabilities if facts.probabilities else None
        )

    def prepare(self, rows: Rows) -> NDArray[np.floating]:
        """(n, features), rounded as the original rounds, in the engine's own element type."""
        return table_of(rows, self._rounded).astype(self.input_type.dtype, copy=False)

    def predict(self, x: NDArray[np.floating]) -> NDArray[Any]:
        """Classes or values: (n,), or (n, outputs)."""
        if not len(self._classes):
            return self._values(x)
        found: NDArray[Any] = self._classes[self._codes(x)]
        return found

    def close(self) -> None:
        """Let the model go."""
        del self._engine
        self.native = None

    def _codes(self, x: NDArray[np.floating]) -> NDArray[np.int64]:
        if self._facts.probabilities:
            return np.asarray(self._probabilities(x).argmax(axis=1))
        scores = self._engine(x, True)[:, 0]  # noqa: FBT003 - the engine's only switch
        return np.asarray(scores.argmax(axis=1) if scores.shape[1] > 1 else scores[:, 0] > 0, dtype=np.int64)

    def _values(self, x: NDArray[np.floating]) -> NDArray[Any]:
        raw = self._engine(x, False)  # noqa: FBT003 - as above
        values = raw.reshape(len(raw), -1)
        if self._facts.task == "classification":  # several labels a row, with a probability each
            values = (values > _MIDDLE).astype(np.int64)
        return values[:, 0] if self._facts.outputs == 1 else values

    def _probabilities(self, x: NDArray[np.floating]) -> NDArray[np.floating]:
        """(n, k) in the order of the classes."""
        raw = self._engine(x, False)[:, 0]  # noqa: FBT003 - as above
        return np.column_stack([1 - raw, raw]) if raw.shape[1] == 1 else raw
