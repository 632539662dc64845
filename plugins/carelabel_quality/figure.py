"""A metric with a fast way to compute it on many resamples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn import config_context

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A metric as the scorer calls it.

    Attributes:
        once: The metric itself, by scikit-learn's function.
        on_resamples: ``(y_true, y_pred, rows, **keywords) -> (r,)`` on rows (r, n) of row numbers: the same figure from
            counts or from figures of single rows, NaN where it is not defined. Tests hold the two to be equal.
        is_share: Whether it is a share of all rows.
        no_interval: Why resampling says nothing about it, or empty.
    """

    once: Callable[..., float]
    on_resamples: Callable[..., NDArray[np.float64]]
    is_share: bool = False
    no_interval: str = ""

    def __call__(self, y_true: NDArray[Any], y_pred: NDArray[Any], **keywords: Any) -> float:  # noqa: ANN401 - as declared
        """The figure on all rows.

        Raises:
            ValueError: If it is not defined on them.
        """
        with config_context(assume_finite=True, skip_parameter_validation=True):
            return float(self.once(y_true, y_pred, **keywords))
