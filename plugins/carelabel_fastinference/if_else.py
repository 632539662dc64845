"""One model as code in a shared library, called through ctypes; what generates the code is in `codegen`."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from carelabel_fastinference import reference
from carelabel_fastinference.coercion import Coercion

if TYPE_CHECKING:
    import os

    from carelabel_fastinference.ensemble import TreeEnsemble

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


class IfElseModel:
    """A tree ensemble compiled as code; same bits as the reference.

    Calls release the GIL and share nothing that changes, so that threads may call at once. The link is computed by
    numpy. Rows are (n_rows, n_features) of any real dtype, order and strides, or what numpy makes such an array of.

    Attributes:
        ensemble: what was compiled, or its rules alone.
        library: path of the shared library.
        n_features_in_: features of a row.
        classes_: classes, or a list of them for several outputs; classifiers only.
    """

    def __init__(self, ensemble: TreeEnsemble, library: str | os.PathLike[str]) -> None:
        """Load a library compiled from `codegen.shared_source(ensemble)`.

        Raises:
            OSError: if it cannot be loaded.
            AttributeError: if it was compiled from something else.
        """
        self.ensemble = ensemble
        self.library = Path(library)
        self.n_features_in_ = ensemble.n_features
        if ensemble.outputs is not None:
            self.classes_ = ensemble.outputs[0] if len(ensemble.outputs) == 1 else list(ensemble.outputs)
        self._coerce = Coercion(ensemble.n_features)
        self._function = ctypes.CDLL(str(library)).carelabel_raw_scores
        self._function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
        self._function.restype = None

    def raw_scores(self, rows: Any) -> Array:  # noqa: ANN401 - whatever numpy makes an array of
        """Scores before the link: (n_rows, n_columns) of dtype `accumulate`.

        Raises:
            ValueError: if rows has another shape, or holds NaN that the model was not trained with.
            TypeError: if rows does not hold real numbers.
        """
        x = self._prepared(rows)
        if not self.ensemble.accepts_nan and bool(np.isnan(x).any()):
            msg = "rows must not hold NaN, as the model was trained without: replace missing values first"
            raise ValueError(msg)
        scores = np.empty((len(x), self.ensemble.n_columns), dtype=self.ensemble.accumulate)
        self._function(x.ctypes.data, len(x), scores.ctypes.data)
        return scores

    def predict_proba(self, rows: Any) -> Array | list[Array]:  # noqa: ANN401
        """Probabilities: (n_rows, n_classes), one such array per output where there are several.

        Raises:
            ValueError: as raw_scores, or if the model is one of regression.
            TypeError: as raw_scores.
        """
        return reference.probabilities_of(self.ensemble, self.raw_scores(rows))

    def decision_function(self, rows: Any) -> Array:  # noqa: ANN401
        """Raw scores of a boosted classifier: (n_rows,) of two classes, else (n_rows, n_classes).

        Raises:
            ValueError: as raw_scores.
            TypeError: as raw_scores.
        """
        scores = self.raw_scores(rows)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, rows: Any) -> Array:  # noqa: ANN401
        """Labels or values: (n_rows,), or (n_rows, n_outputs) where there are several outputs.

        Raises:
            ValueError: as raw_scores.
            TypeError: as raw_scores.
        """
        return reference.predictions_of(self.ensemble, self.raw_scores(rows))

    def _prepared(self, rows: Any) -> Array:  # noqa: ANN401
        """Rows as the library reads them."""
        wanted = self.ensemble.input_rounding
        if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.dtype.char not in "fd":  # noqa: PLR2004
            rows = self._coerce(rows)
        if rows.shape[1] != self.ensemble.n_features:
            msg = f"X must have shape (n, {self.ensemble.n_features}), got {rows.shape}: pass a table of rows"
            raise ValueError(msg)
        with np.errstate(over="ignore"):
            return np.require(rows, dtype=wanted, requirements=["C", "ALIGNED"])
