from __future__ import annotations

import gc
from itertools import count, cycle
from typing import Any

import pytest

from carelabel.measure.timing import Clock, TurnRules, calibrate, timed_turn, warm_up


def sleeping(fake: Any, wall_s: float, cpu_s: float | None = 0.0) -> Any:
    return lambda _: fake.spend(wall_s, cpu_s)


def test_a_call_of_5_ms_is_timed_by_itself_and_read_as_5_ms(fake: Any) -> None:
    turn = timed_turn(sleeping(fake, 0.005, 0.0), cycle([1]), fake.clock)
    assert turn["loops"] == 1
    assert turn["wall"] == pytest.approx([0.005] * 10)
    assert turn["cpu"] == pytest.approx([0.0] * 10)
    assert turn["calls"] == 10
    assert turn["single"] == []


def test_wall_and_processor_time_are_told_apart(fake: Any) -> None:
    turn = timed_turn(sleeping(fake, 0.020, 0.005), cycle([1]), fake.clock)
    assert turn["wall"] == pytest.approx([0.020] * 3)
    assert turn["cpu"] == pytest.approx([0.005] * 3)


@pytest.mark.parametrize(("call_s", "loops"), [(0.005, 1), (0.001, 1), (0.0009, 2), (10e-6, 128), (1e-6, 1024)])
def test_calls_below_a_millisecond_are_timed_in_loops_that_last_one(fake: Any, call_s: float, loops: int) -> None:
    assert calibrate(sleeping(fake, call_s), cycle([1]), fake.clock) == loops


def test_loops_give_seconds_per_call_and_single_calls_for_the_tail(fake: Any) -> None:
    turn = timed_turn(sleeping(fake, 10e-6, 10e-6), cycle([1]), fake.clock, loops=128)
    assert set(map(len, (turn["wall"], turn["cpu"]))) == {40}  # 50 ms of 1.28 ms loops
    assert turn["wall"] == pytest.approx([10e-6] * 40)
    assert turn["single"] == pytest.approx([10e-6] * 100)
    assert turn["calls"] == 40 * 128 + 100


def test_a_loop_that_never_reaches_its_time_ends(fake: Any) -> None:
    fake.wall = 0
    assert calibrate(lambda _: None, cycle([1]), Clock(wall=lambda: 0, cpu=lambda: 0), least=1e-3) == 1 << 20


def test_a_long_call_is_taken_once_more_after_the_discarded_one(fake: Any) -> None:
    turn = timed_turn(sleeping(fake, 2.0), cycle([1]), fake.clock)
    assert turn["after_idle"] == [2.0]
    assert turn["wall"] == [2.0]
    assert turn["turn_s"] == pytest.approx(4.0)


def test_the_first_calls_after_a_pause_are_discarded_and_reported(fake: Any) -> None:
    cold = iter([0.004, 0.002])
    turn = timed_turn(lambda _: fake.spend(next(cold, 0.001)), cycle([1]), fake.clock)
    assert turn["after_idle"] == pytest.approx([0.004, 0.002])
    assert turn["wall"] == pytest.approx([0.001] * len(turn["wall"]))


def test_at_most_three_calls_are_discarded(fake: Any) -> None:
    turn = timed_turn(sleeping(fake, 1e-6), cycle([1]), fake.clock, loops=1000)
    assert len(turn["after_idle"]) == 3


def test_inputs_go_on_rotating_from_turn_to_turn(fake: Any) -> None:
    seen: list[int] = []

    def call(item: Any) -> None:
        seen.append(item)
        fake.spend(0.010)

    inputs = cycle(range(7))
    for _ in range(3):
        timed_turn(call, inputs, fake.clock)
    assert seen == [number % 7 for number in range(len(seen))]
    assert len(seen) > 14


def test_the_collector_is_off_inside_and_on_again_afterwards(fake: Any) -> None:
    states: list[bool] = []

    def call(_: Any) -> None:
        states.append(gc.isenabled())
        fake.spend(0.02)

    assert gc.isenabled()
    timed_turn(call, cycle([1]), fake.clock)
    assert not any(states)
    assert gc.isenabled()


def test_the_collector_is_on_again_after_a_call_that_raises(fake: Any) -> None:
    def call(_: Any) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        timed_turn(call, cycle([1]), fake.clock)
    assert gc.isenabled()


def test_waiting_and_stolen_time_of_a_turn_are_reported(fake: Any) -> None:
    def call(_: Any) -> None:
        fake.spend(0.025)
        fake.wait += 10_000_000
        fake.steal += 20_000_000

    turn = timed_turn(call, cycle([1]), fake.clock)
    assert turn["wait_s"] == pytest.approx(0.03)  # one discarded call and two timed ones
    assert turn["steal_s"] == pytest.approx(0.06)


def test_without_counters_waiting_is_unknown_not_zero(fake: Any) -> None:
    fake.wait = fake.steal = None
    turn = timed_turn(sleeping(fake, 0.05), cycle([1]), fake.clock)
    assert (turn["wait_s"], turn["steal_s"]) == (None, None)


def test_rules_can_ask_for_longer_turns(fake: Any) -> None:
    turn = timed_turn(sleeping(fake, 0.01), cycle([1]), fake.clock, rules=TurnRules(min_seconds=1.0, idle_calls=0))
    assert len(turn["wall"]) == 100
    assert turn["after_idle"] == []


def test_warm_up_goes_on_until_the_running_median_is_steady(fake: Any) -> None:
    falling = count()
    found = warm_up(lambda _: fake.spend(0.001 + 0.1 / (1 + next(falling)) ** 2), cycle([1]), fake.clock, limit_s=60)
    assert found.steady
    assert found.first_s == pytest.approx(0.101)
    assert 20 < found.calls < 200
    assert found.seconds == pytest.approx(fake.wall / 1e9)


def test_warm_up_of_a_steady_call_takes_three_windows(fake: Any) -> None:
    found = warm_up(sleeping(fake, 0.002), cycle([1]), fake.clock)
    assert (found.calls, found.steady) == (1 + 3 * 5, True)


def test_warm_up_that_never_settles_ends_at_its_limit_and_says_so(fake: Any) -> None:
    growing = count(1)
    found = warm_up(lambda _: fake.spend(0.002 * 1.2 ** next(growing)), cycle([1]), fake.clock, limit_s=0.5)
    assert not found.steady
    assert 0.5 <= found.seconds < 1.0


def test_warm_up_of_a_call_longer_than_the_limit_is_one_call(fake: Any) -> None:
    found = warm_up(sleeping(fake, 3.0), cycle([1]), fake.clock, limit_s=1.0)
    assert (found.calls, found.steady) == (1, False)


def test_the_real_clock_moves_and_counts_this_process() -> None:
    turn = timed_turn(lambda n: sum(range(n)), cycle([20_000, 20_001]), Clock(), rules=TurnRules(min_seconds=0.01))
    assert min(turn["wall"]) > 0.0
    assert min(turn["cpu"]) > 0.0
    assert turn["turn_s"] >= sum(turn["wall"]) * turn["loops"]
