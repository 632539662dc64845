"""A loaded estimator as the workers use it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from carelabel_sklearn.inputs import prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from carelabel.data.rows import Rows
    from carelabel.model.facts import InputType, ModelFacts


class SklearnPredictor:
    """An estimator with its input type. Its own ``n_jobs`` stays as it was saved: that is what gets deployed."""

    def __init__(self, estimator: Any, input_type: InputType, facts: ModelFacts) -> None:  # noqa: ANN401 - any estimator
        """Take over what the estimator offers.

        Args:
            facts: Decide whether probabilities and decision scores are offered.
        """
        # Estimators fitted on frames remark on every array; the columns' order is checked when rows are prepared. Only
        # those get the filter: each tree of a forest copies all filters, which made its calls 5 % longer.
        if hasattr(estimator, "feature_names_in_") and input_type.container != "frame":
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
        self.input_type = input_type
        self.native: object = estimator
        self.predict: Callable[[Any], NDArray[Any]] = estimator.predict
        self.predict_proba: Callable[[Any], NDArray[np.floating]] | None = (
            estimator.predict_proba if facts.probabilities else None
        )
        self.decision_function: Callable[[Any], NDArray[np.floating]] | None = (
            estimator.decision_function if facts.decision else None
        )

    def prepare(self, rows: Rows) -> Any:  # noqa: ANN401 - the container depends on the model
        """Bring rows to the input type; see `carelabel_sklearn.inputs.prepare`."""
        return prepare(rows, self.input_type)

    def close(self) -> None:
        """Nothing is held outside this object."""
