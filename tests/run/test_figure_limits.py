"""What is too much for a label costs its cell: too many figures, too long texts, two figures with one key."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.execute.outcome_check import held
from carelabel.plugin.interfaces import Measurement
from carelabel.process.refusal import RefusalError
from carelabel.worker.measurement_limits import MOST_BYTES, MOST_CHARACTERS, MOST_POINTS
from carelabel.worker.measurements import as_json
from tests.run.given import quantities
from tests.run.test_holding import outcome, plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carelabel.plan import Plan

__all__ = ["plan"]
TEST = {"id": "acme.test", "quantities": quantities("q")}
LONG = "Y" * 1_000_000


def figure(**fields: Any) -> Measurement:
    return Measurement(**{"quantity": "q", "value": 1.0, **fields})


def refusal(figures: Iterable[Measurement]) -> RefusalError:
    with pytest.raises(RefusalError) as caught:
        as_json(figures, TEST)
    assert len(str(caught.value)) < 300
    return caught.value


def test_a_test_that_never_ends_is_stopped() -> None:
    error = refusal(figure(at={"batch": number}) for number in itertools.count())
    assert (error.code, error.message) == ("too-large", "acme.test must give at most 1000 figures in a cell, got more")


def test_as_many_as_a_cell_may_have_are_taken() -> None:
    figures = [figure(at={"batch": number}) for number in range(MOST_POINTS)]
    assert len(as_json(figures, TEST)) == MOST_POINTS


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"at": {"x": LONG}}, "at"),
        ({"at": {LONG: 1}}, "at"),
        ({"method": LONG}, "method"),
        ({"flags": ("short", LONG)}, "flags"),
        ({"grade": LONG}, "grade"),
        ({"value": None, "reason": LONG}, "reason"),
    ],
)
def test_each_text_has_an_end(fields: dict[str, Any], where: str) -> None:
    error = refusal([figure(**fields)])
    assert (error.code, error.message) == (
        "too-large",
        f"acme.test: each text of q must have at most {MOST_CHARACTERS} characters, got 1000000 in {where}",
    )


def test_all_figures_together_leave_room_on_the_label() -> None:
    error = refusal([figure(detail={"values": LONG})])
    assert error.code == "too-large"
    assert error.message.startswith(f"the figures of acme.test must have at most {MOST_BYTES} bytes as JSON, got 1000")


@pytest.mark.parametrize(("first", "second"), [({}, {}), ({"a": 1, "b": "x"}, {"b": "x", "a": 1})])
def test_a_key_belongs_to_one_figure(first: dict[str, Any], second: dict[str, Any]) -> None:
    error = refusal([figure(at=first), figure(at={"other": 0}), figure(at=second, value=2.0)])
    assert error.code == "twice"
    assert error.message == f"acme.test must give one figure for a quantity and a place, got two of q at {first}"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"value": 10**5000}, "value of q must be a number, got a whole number of 16610 bits"),
        ({"value": "hello"}, "value of q must be a number, got 'hello'"),
        ({"at": {"n": 10**400}}, "at of q must be a mapping of words to text or numbers, got {'n': 1000000"),
        ({"n": 10**400}, "n of q must be a whole number, got a whole number of 1329 bits"),
        ({"method": [LONG]}, "method of q must be text, got ['YYYYYYYY"),
    ],
)
def test_a_field_of_a_wrong_type_is_named_and_shown_in_a_few_words(fields: dict[str, Any], text: str) -> None:
    error = refusal([figure(**fields)])
    assert error.code == "wrong-type"
    assert error.message.startswith(f"acme.test: {text}")


def test_halves_of_characters_are_escaped() -> None:
    (row,) = as_json([figure(at={"x": "\ud800"}, method="\udcff", detail={"\ud800": ["\ud800"]})], TEST)
    assert (row["at"], row["method"], row["detail"]) == ({"x": "\\ud800"}, "\\udcff", {"\\ud800": ["\\ud800"]})


def test_the_parent_holds_the_same_of_what_came_through_the_pipe(plan: Plan) -> None:
    row = {"quantity": "figure", "value": 0.25, "at": {"batch": 1}}
    twice = held(plan, outcome(row, row))
    assert (twice.status, twice.measurements) == ("failed", ())
    assert twice.reason is not None
    assert twice.reason.code == "twice"
    many = held(plan, outcome(*({**row, "at": {"batch": number}} for number in range(MOST_POINTS + 1))))
    assert many.reason is not None
    assert (many.status, many.reason.code) == ("failed", "too-large")
