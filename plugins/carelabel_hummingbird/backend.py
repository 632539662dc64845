"""Runs what Hummingbird made, by torch alone."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch

from carelabel.errors import LoadError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from carelabel.data.rows import DataSet, Rows
    from carelabel.model.facts import InputType, ModelFacts
    from carelabel.plugin.interfaces import Artefact, PlatformSpec, Predictor


class TensorBackend:
    """Traced models; no file that a user submits is its own."""

    def inspect(self, path: Path, data: DataSet) -> None:
        """Decline every file."""
        del path, data

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:
        """Load a traced model for a platform, with as many threads as that grants.

        Raises:
            LoadError: If it is no TorchScript, or the platform's device cannot be used.
        """
        torch.set_num_threads(platform.threads)
        device = "cuda" if "cuda" in platform.tags else "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            msg = f"the platform {platform.id} needs a torch that can use its device; torch {torch.__version__} cannot"
            raise LoadError(msg, "install a torch built for CUDA, in place of this one")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.jit says at every call that it is deprecated
            try:
                script = torch.jit.load(artefact.path, map_location=device).eval()
            except Exception as error:
                said = " ".join(str(error).split())[:300]
                msg = f"{artefact.path.name} must hold TorchScript; loading it raised {type(error).__name__}: {said}"
                raise LoadError(msg, "convert the model again") from error
        return TensorPredictor(script, artefact.input_type or artefact.facts.input_type, artefact.facts, device)


class TensorPredictor:
    """A traced model: classifiers give labels and probabilities, regressors a column of values."""

    def __init__(self, script: Any, input_type: InputType, facts: ModelFacts, device: str) -> None:  # noqa: ANN401 - a torch.jit.ScriptModule
        """Take over what the facts say."""
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        self.input_type = input_type
        self.native: object = script
        self._script = script
        self._device = device
        self._single = facts.outputs == 1
        self._classifies = facts.task == "classification"
        self.decision_function: Callable[[Any], NDArray[np.floating]] | None = None
        self.predict_proba: Callable[[Any], NDArray[np.floating]] | None = (
            self._probabilities if facts.probabilities else None
        )

    def prepare(self, rows: Rows) -> NDArray[np.float32]:
        """(n, features) float32, named columns in the order in which the model learned them.

        Raises:
            UsageError: If a column is missing.
        """
        wanted = self.input_type.columns
        if not wanted or not rows.names or rows.names == wanted:
            return rows.array(self.input_type.dtype).reshape(len(rows), -1)
        if missing := [name for name in wanted if name not in rows.names]:
            msg = f"the data must have the columns that the model was fitted with; missing {', '.join(missing[:5])}"
            raise UsageError(msg, "rename the columns of the data file as they were in training")
        order = [rows.names.index(name) for name in wanted]
        return rows.array()[:, order].astype(self.input_type.dtype, order="C")

    def predict(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Classes or values: (n,), or (n, outputs)."""
        found: NDArray[Any] = self._call(x, 0).cpu().numpy()
        return found.reshape(-1) if self._single else found

    def close(self) -> None:
        """Let the model go."""
        del self._script
        self.native = None

    def _probabilities(self, x: NDArray[np.float32]) -> NDArray[np.floating]:
        """(n, k), in the order of the classes."""
        found: NDArray[np.floating] = self._call(x, 1).cpu().numpy()
        return found

    def _call(self, x: NDArray[np.float32], part: int) -> Any:  # noqa: ANN401 - a torch.Tensor
        with torch.inference_mode():
            rows = torch.from_numpy(x)
            output = self._script(rows if self._device == "cpu" else rows.to(self._device))
            return output[part] if isinstance(output, list | tuple) else output
