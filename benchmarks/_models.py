"""Models that the benchmarks time: a forest in scikit-learn and in ONNX Runtime."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 512


def rows(features: int) -> Any:  # noqa: ANN401 - an array
    """Seeded rows."""
    return np.random.default_rng(0).random((ROWS, features)).astype(np.float32)


def forest(trees: int = 100, depth: int = 10, features: int = 20) -> Any:  # noqa: ANN401 - an estimator
    """A random forest on three classes."""
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - benchmarks without it need not import it

    x = np.random.default_rng(1).random((2000, features))
    y = (x[:, 0] * 3).astype(int) ^ (x[:, 1] > 0.5)  # noqa: PLR2004 - somewhere in the middle
    return RandomForestClassifier(trees, max_depth=depth, random_state=0, n_jobs=1).fit(x, y)


@contextlib.contextmanager
def predict_calls(features: int = 20) -> Iterator[dict[str, Callable[[Any], Any]]]:
    """Name to a predict call of one batch, for both engines on one thread."""
    import onnxruntime  # noqa: PLC0415 - as above
    import skl2onnx  # noqa: PLC0415 - as above

    model = forest(features=features)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        graph = skl2onnx.to_onnx(model, rows(features)[:1], options={id(model): {"zipmap": False}})
        path.write_bytes(graph.SerializeToString())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        yield {"scikit-learn": model.predict, "ONNX Runtime": lambda x: session.run(None, {name: x})}
