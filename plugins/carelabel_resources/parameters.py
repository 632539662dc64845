"""Number of learned parameters of a form of the model, from whoever has counted them.

1. The predictor: a method ``parameter_counts() -> Mapping[str, int]`` with the key ``parameters`` and, where zeros are
   told apart, ``nonzero``; other keys (nodes, leaves, ...) go into the detail.
2. The converter: such a mapping as ``artefact.parameters["parameter_counts"]``; it has the model open anyway.
3. The inspector's facts, for the submitted model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carelabel import Measurement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel import TestContext

ORIGINAL = "original"


def run(context: TestContext) -> list[Measurement]:
    """Learned numbers in all, and those that are not zero where they are told apart."""
    counts, source = _counts(context)
    if (total := counts.get("parameters")) is None:
        reason = "neither backend nor converter of this form counts parameters"
        return [Measurement(quantity="parameters", value=None, n=0, reason=reason)]
    others = {name: number for name, number in counts.items() if name not in {"parameters", "nonzero"}}
    detail = {"type": "counts", **others} if others else None
    found = [Measurement(quantity="parameters", value=total, n=1, method=f"{source}; exact", detail=detail)]
    if (nonzero := counts.get("nonzero")) is not None:
        found.append(Measurement(quantity="parameters_nonzero", value=nonzero, n=1, method=f"{source}; exact"))
    return found


def _counts(context: TestContext) -> tuple[Mapping[str, int], str]:
    own = getattr(context.live(), "parameter_counts", None)
    if own is not None:
        return own(), "counted in the loaded model"
    if (noted := context.artefact.parameters.get("parameter_counts")) is not None:
        return noted, "counted by the converter"
    if context.candidate != ORIGINAL or context.facts.parameters is None:
        return {}, ""
    return {**context.facts.counts, "parameters": context.facts.parameters}, "counted when the model was inspected"
