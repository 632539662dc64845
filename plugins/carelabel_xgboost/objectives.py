"""What the answers of a booster mean, by its objective. Everything that is not named here is regression."""

from __future__ import annotations

from typing import Final, Literal

Meaning = Literal["probability", "probabilities", "class", "margin", "value"]

_MEANINGS: Final[dict[str, Meaning]] = {
    "binary:logistic": "probability",
    "multi:softprob": "probabilities",
    "multi:softmax": "class",
    "binary:hinge": "class",
    "binary:logitraw": "margin",
}


def meaning_of(objective: str) -> Meaning:
    """What `Booster.predict` gives for an objective.

    Returns: ``probability`` of the second class, (n,) or (n, labels); ``probabilities`` (n, k); ``class`` its code;
        ``margin`` towards the second class; ``value`` anything else (regression, ranking, survival).
    """
    return _MEANINGS.get(objective, "value")
