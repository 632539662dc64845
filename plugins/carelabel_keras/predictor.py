"""A loaded model as the workers use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from carelabel.data.rows import Rows
    from carelabel.model.facts import ModelFacts


class KerasPredictor:
    """A model called directly, as Keras advises for batches that fit in memory; ``model.predict`` adds milliseconds."""

    def __init__(self, model: Any, facts: ModelFacts, device: str) -> None:  # noqa: ANN401 - a Keras model
        """Take over what the model offers.

        Args:
            facts: Decide whether its scores are probabilities or decision scores.
            device: torch's name of where it runs.
        """
        self.input_type = facts.input_type
        self.native: object = model
        self._model = model
        self._device = device
        self._classes = np.asarray(facts.classes) if facts.classes else None
        self._single = facts.outputs == 1
        self._probable = facts.probabilities
        self.predict_proba: Callable[[Any], NDArray[np.floating]] | None = (
            self._probabilities if facts.probabilities else None
        )
        self.decision_function: Callable[[Any], NDArray[np.floating]] | None = (
            self._decisions if facts.decision else None
        )

    def prepare(self, rows: Rows) -> torch.Tensor:
        """(n, ...) tensor on the device."""
        array = rows.array(self.input_type.dtype).reshape(len(rows), *self.input_type.shape)
        if not array.flags.writeable:
            array = array.copy()  # torch takes no read-only memory
        return torch.from_numpy(array).to(self._device)

    def predict(self, x: torch.Tensor) -> NDArray[Any]:
        """Classes: (n,); values: (n,) or (n, outputs)."""
        scores = self.scores(x)
        if self._classes is None:
            return scores
        if scores.ndim == 1:
            index = (scores > (0.5 if self._probable else 0.0)).astype(np.int64)
        else:
            index = scores.argmax(axis=1)
        found: NDArray[Any] = self._classes[index]
        return found

    def scores(self, x: torch.Tensor) -> NDArray[np.floating]:
        """The model's output as it comes: (n, k), or (n,) of a single value."""
        with torch.inference_mode():
            raw: NDArray[np.floating] = self._model(x, training=False).cpu().numpy()
        return raw.reshape(-1) if raw.ndim == 1 or raw.shape[1] == 1 else raw

    def close(self) -> None:
        """Let the model go."""
        self._model = self.native = None

    def _decisions(self, x: torch.Tensor) -> NDArray[np.floating]:
        """(n,) towards the second of two classes, else (n, k)."""
        scores = self.scores(x)
        two = scores.ndim > 1 and scores.shape[1] == len(("first", "second"))
        return scores[:, 1] - scores[:, 0] if two else scores

    def _probabilities(self, x: torch.Tensor) -> NDArray[np.floating]:
        """(n, k), in the order of the classes."""
        scores = self.scores(x)
        return np.column_stack([1 - scores, scores]) if scores.ndim == 1 else scores
