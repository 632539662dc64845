"""Rows in whatever form they come, as an array that the engines read."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_REAL_KINDS: Final = "biuf"


class Coercion:
    """Turns whatever is not a float array in two dimensions into one, or says what is wrong with it."""

    __slots__ = ("n_features",)

    def __init__(self, n_features: int) -> None:
        """n_features: width of a row."""
        self.n_features = n_features

    def __call__(self, rows: Any) -> Array:  # noqa: ANN401
        """float64 (n_rows, n_features) from any array-like of real numbers.

        Raises:
            ValueError: if it does not have two dimensions, or holds something that is no number.
            TypeError: if its numbers are complex, or it is sparse.
        """
        if hasattr(rows, "toarray"):
            msg = "X must be a dense array, got a sparse one: pass X.toarray()"
            raise TypeError(msg)
        found = self._as_array(rows)
        if found.ndim != 2:  # noqa: PLR2004
            msg = f"X must have shape (n, {self.n_features}), got {found.shape}: pass a table of rows"
            raise ValueError(msg)
        if found.dtype.kind not in _REAL_KINDS + "O":
            msg = f"X must hold real numbers, got dtype {found.dtype}: convert it to float32 or float64"
            raise TypeError(msg)
        try:
            return found.astype(np.float32 if found.dtype == np.float16 else np.float64)
        except (TypeError, ValueError) as error:
            msg = f"X must hold real numbers, got objects that are none ({error}): convert it to float64"
            raise ValueError(msg) from None

    @staticmethod
    def _as_array(rows: object) -> Array:
        try:
            return np.asarray(rows)
        except (TypeError, ValueError) as error:
            msg = f"X must be a table of numbers, got {type(rows).__name__} ({error})"
            raise ValueError(msg) from None
