"""A graph as the workers use it. Imports numpy and onnxruntime only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel_onnx.feeds import feeds_of
from carelabel_onnx.inputs import prepare
from carelabel_onnx.outputs import Outputs, outputs_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnxruntime
    from numpy.typing import NDArray

    from carelabel.data.rows import Rows
    from carelabel.model.facts import InputType, ModelFacts

_BINARY = 2


class RuntimePredictor:
    """An ONNX Runtime session with what is known about its inputs and outputs."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        input_type: InputType,
        facts: ModelFacts,
        decision_column: int | None = None,
    ) -> None:
        """Sort inputs and outputs.

        Args:
            facts: Decide whether the graph's scores are probabilities or decision scores.
            decision_column: Which of two score columns is the decision towards the second class; None finds out
                at the first call, by the predicted labels.
        """
        inputs = session.get_inputs()
        self.input_type = input_type
        self.native: object = session
        self._session = session
        self._input = inputs[0].name
        self._feeds = feeds_of(inputs, input_type.shape)
        self._batch = inputs[0].shape[0] if inputs[0].shape and isinstance(inputs[0].shape[0], int) else None
        self._outputs: Outputs = outputs_of(session.get_outputs(), facts.task, len(facts.classes))
        self._classes = np.asarray(facts.classes) if facts.classes else None
        self._decision_column = decision_column
        self._single = facts.outputs == 1
        offered = bool(self._outputs.scores)
        self.predict_proba: Callable[[Any], NDArray[np.floating]] | None = (
            self._probabilities if offered and facts.probabilities else None
        )
        self.decision_function: Callable[[Any], NDArray[np.floating]] | None = (
            self._decisions if offered and facts.decision and not facts.probabilities else None
        )
        self._scores_are_probabilities = facts.probabilities

    def prepare(self, rows: Rows) -> Any:  # noqa: ANN401 - an array or a dict of them
        """Bring rows to the input type; see `carelabel_onnx.inputs.prepare`."""
        return prepare(rows, self.input_type, self._feeds)

    def predict(self, x: Any) -> NDArray[Any]:  # noqa: ANN401 - as prepare gives it
        """Classes, values or cluster numbers: (n,), or (n, outputs)."""
        if self._outputs.value:
            return self._flat(self._run(self._outputs.value, x))
        if self._outputs.label:
            return self._as_classes(self._flat(self._run(self._outputs.label, x)))
        scores = self._run(self._outputs.scores, x)
        return self._from_scores(scores)

    def close(self) -> None:
        """Let the session go."""
        del self._session
        self.native = None

    def _probabilities(self, x: Any) -> NDArray[np.floating]:  # noqa: ANN401 - as above
        """(n, k), in the order of the classes."""
        scores = self.scores(x)
        return np.column_stack([1 - scores, scores]) if scores.ndim == 1 else scores

    def _decisions(self, x: Any) -> NDArray[np.floating]:  # noqa: ANN401 - as above
        """(n,) towards the second of two classes, else (n, k)."""
        scores = self.scores(x)
        if scores.ndim == 1 or scores.shape[1] != _BINARY:
            return scores
        if not self._outputs.label:
            return scores[:, 1] - scores[:, 0]  # a net's two scores before its softmax
        if self._decision_column is None:
            self._decision_column = self._find_decision_column(scores, x)
        decision: NDArray[np.floating] = scores[:, self._decision_column]
        return decision

    def _find_decision_column(self, scores: NDArray[np.floating], x: Any) -> int:  # noqa: ANN401 - as above
        """Operators disagree about the sign: SVMClassifier puts the decision first, LinearClassifier second."""
        if self._classes is None or not self._outputs.label:
            return 1
        is_second = self.predict(x) == self._classes[1]
        agree = [int(np.sum((scores[:, column] > 0) == is_second)) for column in (0, 1)]
        return 0 if agree[0] > agree[1] else 1

    def scores(self, x: Any) -> NDArray[np.floating]:  # noqa: ANN401 - as above
        """The graph's scores as they come: (n, k), or (n,) of a single column."""
        raw = self._run(self._outputs.scores, x)
        if self._outputs.scores_are_maps:
            classes = [] if self._classes is None else self._classes.tolist()
            return np.array([[row[name] for name in classes] for row in raw])
        scores: NDArray[np.floating] = raw.reshape(len(raw), -1)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _from_scores(self, raw: NDArray[np.floating]) -> NDArray[Any]:
        """Classes of a graph that gives scores alone: the highest, or which side of the middle a single one lies on."""
        scores = raw.reshape(len(raw), -1)
        if scores.shape[1] == 1:
            index = (scores[:, 0] > (0.5 if self._scores_are_probabilities else 0.0)).astype(np.int64)
        else:
            index = scores.argmax(axis=1)
        return index if self._classes is None else self._classes[index]

    def _as_classes(self, labels: NDArray[Any]) -> NDArray[Any]:
        if labels.dtype == object:
            return labels.astype(str)
        if self._classes is not None and self._classes.dtype.kind in "bf":
            return labels.astype(self._classes.dtype)  # a graph has only whole numbers and text for classes
        return labels

    def _flat(self, values: NDArray[Any]) -> NDArray[Any]:
        return values.reshape(-1) if self._single else values

    def _run(self, name: str, x: Any) -> Any:  # noqa: ANN401 - an array, or a list of dicts
        if self._batch is None:
            return self._call(name, x)
        return self._in_batches(name, x, self._batch)

    def _call(self, name: str, x: Any) -> Any:  # noqa: ANN401 - as above
        feeds = x if isinstance(x, dict) else {self._input: x}
        return self._session.run([name], feeds)[0]

    def _in_batches(self, name: str, x: Any, size: int) -> Any:  # noqa: ANN401 - as above
        """A graph with a fixed number of rows: calls of that size, the last one filled up by repeating its last row."""
        rows = len(next(iter(x.values()))) if isinstance(x, dict) else len(x)
        parts: list[Any] = []
        for first in range(0, rows, size):
            index = np.minimum(np.arange(first, first + size), rows - 1)
            part = {key: value[index] for key, value in x.items()} if isinstance(x, dict) else x[index]
            parts.append(self._call(name, part)[: min(size, rows - first)])
        if parts and isinstance(parts[0], list):
            return [row for part in parts for row in part]
        return np.concatenate(parts) if parts else self._call(name, x)
