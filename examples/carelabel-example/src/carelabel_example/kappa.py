"""A metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cohens_kappa(y_true: NDArray[Any], y_pred: NDArray[Any]) -> float:
    """Agreement beyond chance: (p_o - p_e) / (1 - p_e).

    Args:
        y_true: (n,) labels.
        y_pred: (n,) labels.

    Returns:
        A number from -1 to 1; 0 is what chance gives, and 1 is also given when all labels are one and the same.

    Source: Cohen 1960, "A coefficient of agreement for nominal scales", eq. 1.
    """
    observed = float(np.mean(y_true == y_pred))
    labels = np.unique(np.concatenate([y_true, y_pred]))
    expected = float(sum(np.mean(y_true == label) * np.mean(y_pred == label) for label in labels))
    return 1.0 if expected == 1.0 else (observed - expected) / (1.0 - expected)
