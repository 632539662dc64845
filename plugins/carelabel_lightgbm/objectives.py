"""What the answers of a booster mean, by its objective. Everything that is not named here is regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from carelabel_lightgbm.text import ModelText

Meaning = Literal["probability", "probabilities", "scores", "value"]


def meaning_of(model: ModelText) -> Meaning:
    """What `Booster.predict` gives.

    Returns: ``probability`` of the second class (n,); ``probabilities`` (n, k); ``scores`` (n, k) of an objective of
        the user's with several classes; ``value`` anything else.
    """
    if model.objective == "binary":
        return "probability"
    if model.objective in {"multiclass", "multiclassova"}:
        return "probabilities"
    return "scores" if model.columns > 1 else "value"
