"""A network as the workers use it."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from carelabel_torch.network import Network, first_tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from carelabel.data.rows import Rows
    from carelabel.model.facts import InputType, ModelFacts

LOGITS: Final = "logits"
"""Word of the facts: the outputs are scores, whose softmax (of a single one: logistic function) is the probability."""


class TorchPredictor:
    """A network with what is known about its input and its output. ``native`` is the `Network`.

    Nothing is recorded for gradients. Copies to a device and back belong to the prediction.
    """

    def __init__(self, network: Network, input_type: InputType, facts: ModelFacts, device: str = "cpu") -> None:
        """Take over what the facts say.

        Args:
            device: Where the network lies, and rows are sent to.
        """
        # Rows that are mapped read-only are copied when they are prepared; views of prepared rows stay unwritten.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        self.input_type = input_type
        self.native: object = network
        self._network = network
        self._device = device
        self._classes = np.asarray(facts.classes) if facts.task == "classification" else None
        self._single = facts.outputs == 1
        self._logits = LOGITS in facts.provides
        self.decision_function: Callable[[Any], NDArray[np.floating]] | None = None
        self.predict_proba: Callable[[Any], NDArray[np.floating]] | None = (
            self._probabilities if facts.probabilities else None
        )

    def prepare(self, rows: Rows) -> NDArray[Any]:
        """A C-contiguous (n, ...) array of the network's element type, which the network may write to."""
        array = rows.array(self.input_type.dtype).reshape(len(rows), *self.input_type.shape)
        return array if array.flags.writeable else array.copy()

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """Classes or values: (n,), or (n, outputs)."""
        with torch.inference_mode():
            output = self.outputs(x)
            if self._classes is None:
                values: NDArray[Any] = output.float().cpu().numpy()
                return values.reshape(-1) if self._single else values
            if output.shape[1] == 1:
                index = (output[:, 0] > (0.0 if self._logits else 0.5)).long()
            else:
                index = output.argmax(dim=1)
            found: NDArray[Any] = self._classes[index.cpu().numpy()]
            return found

    def close(self) -> None:
        """Let the network go."""
        del self._network
        self.native = None

    def _probabilities(self, x: NDArray[Any]) -> NDArray[np.floating]:
        """(n, k), in the order of the classes."""
        with torch.inference_mode():
            output = self.outputs(x).float()
            if self._logits:
                output = torch.sigmoid(output) if output.shape[1] == 1 else torch.softmax(output, dim=1)
            if output.shape[1] == 1:
                output = torch.cat([1 - output, output], dim=1)
            found: NDArray[np.floating] = output.cpu().numpy()
            return found

    def outputs(self, x: NDArray[Any]) -> Any:  # noqa: ANN401 - a torch.Tensor
        """(n, k) outputs, on the device."""
        output = self.raw(x)
        return output.reshape(len(output), -1)

    def raw(self, x: NDArray[Any]) -> Any:  # noqa: ANN401 - as above
        """Outputs as they come: (n, ...) on the device."""
        rows = torch.from_numpy(x)
        if self._device != "cpu":
            rows = rows.to(self._device)
        batch = self._network.batch
        return self._call(rows) if batch is None or len(rows) == batch else self._in_batches(rows, batch)

    def _call(self, rows: Any) -> Any:  # noqa: ANN401 - as above
        return first_tensor(self._network.module(rows))

    def _in_batches(self, rows: Any, size: int) -> Any:  # noqa: ANN401 - as above
        """A network with a fixed number of rows: calls of that size, the last filled up by repeating its last row."""
        parts = []
        for first in range(0, max(1, math.ceil(len(rows) / size)) * size, size):
            index = torch.arange(first, first + size, device=rows.device).clamp(max=len(rows) - 1)
            parts.append(self._call(rows[index])[: min(size, len(rows) - first)])
        return torch.cat(parts)
