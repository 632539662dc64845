from __future__ import annotations

from typing import Any

import pytest

from carelabel import CareLabelError
from carelabel.base.json_codec import to_json
from carelabel.measure.contention import WaitCounters
from carelabel.measure.timing import Clock
from carelabel.plugin.interfaces import PlatformSpec
from carelabel_resources import scenarios
from carelabel_resources.plugin import carelabel_tests
from tests.measure.test_threads import in_a_crowd

DECLARED = next(test for test in carelabel_tests() if test.name == "scenarios")
DEFAULTS = {parameter.name: parameter.default for parameter in DECLARED.parameters}


@pytest.fixture
def ticking(fake: Any) -> Any:
    """The fake clock, moving by 1 us at every look: nobody spins for ever."""

    def look() -> int:
        fake.wall += 1000
        return int(fake.wall)

    counters = WaitCounters(wait=lambda: fake.wait, steal=lambda: None)
    return Clock(wall=look, cpu=lambda: fake.cpu, counters=counters, sleep=fake.spend)


def measured(context: Any, clock: Any, **changes: Any) -> Any:
    figures = scenarios.run(context, clock=clock, **{**DEFAULTS, **changes})
    found = {(figure.quantity, figure.at["scenario"]): figure for figure in figures}
    assert len(found) == len(figures)
    to_json(figures)
    return found


def test_a_model_of_known_speed_in_all_three(predictor: Any, ticking: Any, make_context: Any) -> None:
    predictor.call_s, predictor.row_s, predictor.prepare_s = 0.0, 0.002, 0.0
    found = measured(make_context(), ticking, server_seconds=60.0)
    assert {name for name, _ in found} == {quantity.name for quantity in DECLARED.quantities}
    assert found["scenario_p90", "single-stream"].value == pytest.approx(0.002, rel=1e-2)
    assert found["scenario_throughput", "single-stream"].value == pytest.approx(500, rel=1e-2)
    assert found["scenario_throughput", "offline"].value == pytest.approx(500, rel=1e-2)
    server = found["scenario_throughput", "server"]
    assert 450 < server.value < 500  # 100 ms of queue are fifty services: nearly all of the capacity
    assert server.flags == ()
    assert server.detail["late"][0] <= server.detail["allowed"][0]
    assert 0.002 < found["scenario_p99", "server"].value <= 0.1


def test_the_trials_last_ten_times_their_bound(predictor: Any, ticking: Any, make_context: Any) -> None:
    predictor.call_s, predictor.row_s, predictor.prepare_s = 0.0, 0.0002, 0.0
    detail = measured(make_context(), ticking)["scenario_throughput", "server"].detail
    assert detail["queries"][0] == pytest.approx(2500, rel=0.01)  # 2500 a second for a second
    assert detail["allowed"][0] == 13


def test_a_model_slower_than_the_bound_has_no_rate_and_says_why(
    predictor: Any, ticking: Any, make_context: Any
) -> None:
    predictor.call_s = 0.5
    found = measured(make_context(), ticking, seconds=0.1)["scenario_throughput", "server"]
    assert found.value is None
    assert "within 0.1 s: half of the queries take 0.5 s and more without any queue" in found.reason


def test_a_budget_too_small_for_one_trial_is_the_reason(predictor: Any, ticking: Any, make_context: Any) -> None:
    predictor.call_s = 0.05
    found = measured(make_context(), ticking, server_seconds=1.0)["scenario_p99", "server"]
    assert found.value is None
    assert "one trial of 662 queries takes 66.3 s, and the budget is 1 s" in found.reason


def test_a_budget_for_a_few_trials_is_flagged(predictor: Any, ticking: Any, make_context: Any) -> None:
    predictor.call_s, predictor.row_s = 0.002, 0.0
    found = measured(make_context(), ticking, server_seconds=5.0)["scenario_throughput", "server"]
    assert found.flags == ("budget-ended",)
    assert "no rate tried was too high" in found.method


def test_waiting_marks_the_scenario_in_which_it_happened(
    fake: Any, predictor: Any, ticking: Any, make_context: Any
) -> None:
    calm = predictor.predict

    def disturbed(x: Any) -> Any:
        fake.wait += 1_000_000 if len(x) > 1 else 0
        return calm(x)

    predictor.predict, predictor.call_s, predictor.row_s = disturbed, 0.001, 0.0
    found = measured(make_context(), ticking)
    marked = {scenario for (_, scenario), figure in found.items() if "contended" in figure.flags}
    assert marked == {"offline"}


def test_one_test_row_is_enough(predictor: Any, ticking: Any, make_context: Any) -> None:
    found = measured(make_context(rows=1), ticking, seconds=0.1)
    assert found["scenario_throughput", "offline"].value > 0


def test_an_empty_test_set_is_refused(ticking: Any, make_context: Any) -> None:
    with pytest.raises(CareLabelError, match="at least one test row, found none"):
        measured(make_context(rows=0), ticking)


def test_a_model_with_more_threads_than_its_platform_is_marked_everywhere(
    predictor: Any, ticking: Any, make_context: Any
) -> None:
    predictor.call_s, predictor.row_s = 0.05, 0.0
    predictor.predict = in_a_crowd(predictor.predict, threads=2)
    context = make_context(platform=PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1, pin=1))
    found = measured(context, ticking, seconds=0.1, server_seconds=1.0)
    assert all("more-threads" in figure.flags for figure in found.values())
