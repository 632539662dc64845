"""What comes of a cell is held against the label's own schema when the cell closes.

A figure that no label can hold costs its cell then, and not the label of the whole run at its end.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pydantic

from carelabel.label.assemble import measurement_row
from carelabel.label.schema import MeasurementPart
from carelabel.plan.outcomes import Outcome, Reason
from carelabel.process.refusal import RefusalError
from carelabel.worker.measurement_limits import check_amount

if TYPE_CHECKING:
    from carelabel.plan import Plan

_MISSHAPEN = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)


def held(plan: Plan, outcome: Outcome) -> Outcome:
    """The outcome, or a failed one in its place when one of its figures cannot stand on a label."""
    declared = {quantity["name"]: quantity for quantity in plan.test(outcome.test).quantities}
    for row in outcome.measurements:
        try:
            part = MeasurementPart.model_validate(measurement_row(outcome, row, declared, differs=False))
            json.dumps(part.model_dump(mode="json"), allow_nan=False, ensure_ascii=False).encode()
        except _MISSHAPEN as error:
            text = f"every figure of {outcome.test} must be one that a label can hold, got {_found(error)}"
            return _failed(outcome, Reason(code="wrong-type", text=text))
    try:
        check_amount(outcome.test, outcome.measurements)
    except RefusalError as refusal:
        return _failed(outcome, Reason(code=refusal.code, text=refusal.message, hint=refusal.hint))
    return outcome


def _failed(outcome: Outcome, reason: Reason) -> Outcome:
    return replace(outcome, status="failed", reason=reason, measurements=())


def _found(error: Exception) -> str:
    """The first thing that is wrong, in one line."""
    if not isinstance(error, pydantic.ValidationError):
        return f"{type(error).__name__}: {error}"[:200]
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:200]
