from __future__ import annotations

from typing import Any

import pytest

from carelabel import PointRounds
from carelabel.base.json_codec import to_json
from carelabel_resources.cold_start import ColdStart
from carelabel_resources.plugin import carelabel_tests

DECLARED = {quantity.name for test in carelabel_tests() if test.name == "cold-start" for quantity in test.quantities}


def spawned(fake: Any, predictor: Any, make_context: Any, start_s: float, import_s: float) -> Any:
    """One process: `start_s` until it is asked, then imports, 0.2 s of loading and a first call of 0.0011 s."""
    notes: dict[str, Any] = {}
    begin = fake.wall

    def live() -> Any:
        fake.spend(import_s + 0.2)
        notes.update(import_s=import_s, load_s=0.2)
        return predictor

    test = ColdStart(lambda: int(fake.wall))
    context = make_context(live=live, spawned_ns=begin, notes=notes)
    fake.spend(start_s)
    assert test.setup(context, call="predict") == [{}]
    assert notes == {}, "nothing may be loaded before the turn"
    return test.turn(0)


def rounds(fake: Any, predictor: Any, make_context: Any, count: int, *, original: bool) -> Any:
    own = tuple(spawned(fake, predictor, make_context, 0.1, 0.5 + 0.01 * number) for number in range(count))
    other = tuple(spawned(fake, predictor, make_context, 0.1, 2.7) for _ in range(count)) if original else None
    return PointRounds(at={}, own=own, original=other, ended_by="spawns", seed=0)


def test_from_spawn_to_first_answer_and_its_parts(fake: Any, predictor: Any, make_context: Any) -> None:
    given = rounds(fake, predictor, make_context, 6, original=True)
    figures = {figure.quantity: figure for figure in ColdStart().summarise(given, call="predict")}
    to_json(list(figures.values()))
    assert set(figures) == DECLARED
    total = figures["cold_start"]
    assert total.value == pytest.approx(0.1 + 0.525 + 0.2 + 0.0011, rel=1e-3)
    assert total.interval == pytest.approx((0.801, 0.851), abs=1e-3)
    assert (total.n, total.level) == (6, pytest.approx(0.96875))
    assert figures["cold_start_import"].value == pytest.approx(0.525)
    assert figures["cold_start_load"].value == pytest.approx(0.2)
    assert figures["cold_start_first_call"].value == pytest.approx(0.0011)
    assert figures["cold_start_ratio"].value == pytest.approx(0.826 / 3.001, rel=1e-2)
    assert figures["cold_start_ratio"].level == 0.95


def test_five_processes_give_a_range_that_says_what_it_is_worth(fake: Any, predictor: Any, make_context: Any) -> None:
    figures = ColdStart().summarise(rounds(fake, predictor, make_context, 5, original=False), call="predict")
    assert [figure.quantity for figure in figures] == [name for name in DECLARED_IN_ORDER if name != "cold_start_ratio"]
    assert figures[0].level == pytest.approx(0.9375)
    assert "93.8%" in figures[0].method


DECLARED_IN_ORDER = ["cold_start", "cold_start_import", "cold_start_load", "cold_start_first_call", "cold_start_ratio"]


def test_what_a_worker_did_not_note_is_null_with_a_reason(fake: Any, predictor: Any, make_context: Any) -> None:
    own = ({"total_s": 1.0, "import_s": None, "load_s": 0.1, "first_call_s": 0.01},) * 6
    given = PointRounds(at={}, own=own, original=None, ended_by="spawns", seed=0)
    figures = {figure.quantity: figure for figure in ColdStart().summarise(given)}
    assert figures["cold_start_import"].value is None
    assert figures["cold_start_import"].reason == "the workers did not note how long it took"
