"""A figure that no label can hold costs its cell when the cell closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from carelabel.execute.outcome_check import held
from carelabel.plan.build import build_plan
from carelabel.plan.outcomes import Outcome
from carelabel.plan.suite import load_suite
from carelabel.process.exit_status import failure
from tests.factories import make_host, make_options, make_registry, make_subject
from tests.run.test_rounds import LOG

if TYPE_CHECKING:
    from carelabel.plan import Plan

ROW = {"quantity": "figure", "value": 0.25, "at": {"batch": 1}, "interval": [0.2, 0.3], "level": 0.95, "n": 7}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(make_registry(), make_subject(), make_host(), load_suite("engines"), make_options())


def outcome(*rows: Any) -> Outcome:
    return Outcome(candidate="original", platform="cpu-1t", test="wood.latency", status="measured", measurements=rows)


@pytest.mark.parametrize("row", [ROW, {"quantity": "figure", "value": None, "reason": "no clock"}])
def test_a_figure_as_it_should_be_stays(plan: Plan, row: Any) -> None:
    assert held(plan, outcome(row)) == outcome(row)


@pytest.mark.parametrize(
    ("odd", "found"),
    [
        ({"grade": 3}, "grade: Input should be a valid string"),
        ({"level": "nan"}, "level: Input should be a finite number"),
        ({"flags": 7}, "TypeError"),
        ({"value": "much"}, "value"),
        ({"interval": [0.1]}, "ValueError"),
        ({"quantity": "invented"}, "KeyError: 'invented'"),
        ({"at": {"batch": [1]}}, "at.batch"),
        ({"method": "\udcff"}, "UnicodeEncodeError"),
        ({"n": 0.5}, "n: "),
    ],
)
def test_an_odd_figure_closes_its_cell_as_failed(plan: Plan, odd: Any, found: str) -> None:
    closed = held(plan, outcome(ROW, {**ROW, **odd}))
    assert (closed.status, closed.measurements) == ("failed", ())
    assert closed.reason
    assert closed.reason.code == "wrong-type"
    assert closed.reason.text.startswith("every figure of wood.latency must be one that a label can hold, got ")
    assert found in closed.reason.text


def test_an_error_that_quotes_half_a_character_can_be_written() -> None:
    error = failure({"message": "no file caf\udce9", "code": "exception", "type": "OSError"}, LOG)
    assert error.reason.text.encode() == b"no file caf\\udce9"
