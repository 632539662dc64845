from __future__ import annotations

from typing import Any

import pytest

from carelabel.measure.contention import WaitCounters, contended, seconds_between, wait_share


def turn(wait: Any, steal: Any, seconds: float) -> Any:
    return {"wait_s": wait, "steal_s": steal, "turn_s": seconds}


@pytest.mark.parametrize(
    ("turns", "share"),
    [
        ([turn(0.001, 0.0, 0.05)], 0.02),
        ([turn(0.005, 0.005, 0.05)], 0.2),
        ([turn(0.0, 0.01, 0.05)] + [turn(0.0, 0.0, 0.05)] * 9, 0.02),  # one step of steal time among ten turns
        ([turn(0.004, None, 0.05)], 0.08),
        ([turn(None, None, 0.05), turn(0.01, 0.0, 0.05)], 0.2),
        ([turn(0.2, 0.0, 0.05)], 4.0),  # several threads wait at once
    ],
)
def test_the_share_is_wait_and_steal_time_over_the_time_of_the_turns(turns: Any, share: Any) -> None:
    assert wait_share(turns) == pytest.approx(share)


def test_the_share_is_unknown_without_counters() -> None:
    assert wait_share([turn(None, None, 0.05)]) is None
    assert wait_share([]) is None


@pytest.mark.parametrize(("share", "flag"), [(None, False), (0.0, False), (0.1, False), (0.1001, True), (4.0, True)])
def test_a_figure_is_contended_above_ten_per_cent(share: Any, flag: Any) -> None:
    assert contended(share) is flag


def test_a_counter_that_shrinks_with_an_ended_thread_counts_nothing() -> None:
    assert seconds_between(2_000_000_000, 1_500_000_000) == 0.0
    assert seconds_between(1_000_000_000, 1_500_000_000) == 0.5
    assert seconds_between(None, 5) is None


def test_both_counters_are_read_or_known_to_be_missing() -> None:
    wait, steal = WaitCounters().read()
    assert wait is None or wait >= 0
    assert steal is None or steal >= 0
