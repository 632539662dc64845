from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from carelabel.measure.stats import (
    MAX_ROUNDS,
    autocorrelation,
    bootstrap_interval,
    expected_half_width,
    fewest_values,
    median_interval,
    paired_ratio,
    rounds_needed,
)


def skewed(random: np.random.Generator, n: int) -> Any:
    """Times as machines give them: one in ten is slow. The median is 1."""
    return np.exp(random.normal(0.0, 0.05, n) * (1 + 3 * (random.random(n) < 0.1)))


@pytest.mark.parametrize(
    ("n", "ranks"),
    [(6, (1, 6)), (8, (1, 8)), (9, (2, 8)), (10, (2, 9)), (20, (6, 15)), (30, (10, 21)), (100, (40, 61))],
)
def test_the_order_statistics_that_tables_give_for_95_per_cent(n: int, ranks: Any) -> None:
    values = np.random.default_rng(0).permutation(np.arange(1.0, n + 1))
    assert median_interval(values) == ranks


@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_few_values_have_no_interval(n: int) -> None:
    assert median_interval(np.ones(n)) is None


def test_six_values_are_the_fewest_for_95_per_cent() -> None:
    assert [fewest_values(level) for level in (0.5, 0.9, 0.95, 0.99)] == [2, 5, 6, 8]


def test_values_that_are_not_finite_do_not_take_part() -> None:
    assert median_interval([1, 2, 3, 4, 5, 6, math.nan, math.inf]) == (1.0, 6.0)


@pytest.mark.parametrize("n", [6, 10, 25])
def test_the_interval_of_the_median_covers_it_as_often_as_it_says(n: int) -> None:
    random = np.random.default_rng(n)
    found = [median_interval(skewed(random, n)) for _ in range(1500)]
    covered = np.mean([low <= 1.0 <= high for low, high in found])
    assert covered >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 1500)


def test_a_bootstrap_interval_of_a_mean_agrees_with_theory() -> None:
    values = np.random.default_rng(0).normal(10.0, 2.0, 400)
    interval, method = bootstrap_interval(values, np.mean, seed=1)
    half = 1.96 * values.std(ddof=1) / 20
    assert method == "BCa"
    assert interval == pytest.approx((values.mean() - half, values.mean() + half), abs=0.04)


def test_where_bca_is_not_defined_the_percentiles_stand_in() -> None:
    assert bootstrap_interval([1, 1, 1, 1, 1, 2]) == ((1.0, 1.5), "percentile")


def test_a_constant_has_an_interval_of_no_width_and_two_values_have_none() -> None:
    assert bootstrap_interval([3.0] * 5) == ((3.0, 3.0), "constant")
    assert bootstrap_interval([1.0, 2.0]) == (None, "none")


def test_a_bootstrap_gives_the_same_for_the_same_seed() -> None:
    values = np.random.default_rng(0).normal(size=30)
    assert bootstrap_interval(values, seed=4) == bootstrap_interval(values, seed=4)
    assert bootstrap_interval(values, seed=4) != bootstrap_interval(values, seed=5)


def test_the_paired_ratio_sees_through_noise_that_both_sides_share() -> None:
    random = np.random.default_rng(0)
    noise = np.exp(random.normal(0.0, 0.5, 40))  # a busy machine: rounds differ by half
    own, original = 0.8 * noise * random.normal(1, 0.01, 40), noise * random.normal(1, 0.01, 40)
    found = paired_ratio(list(own), list(original))
    low, high = found.interval
    assert 0.79 < low < 0.8 < high < 0.81
    assert found.value == pytest.approx(0.8, rel=0.01)
    assert found.n == 40


def test_two_copies_of_a_model_have_a_ratio_whose_interval_holds_1_in_95_of_100_runs() -> None:
    random = np.random.default_rng(1)
    runs = [paired_ratio(list(skewed(random, 8)), list(skewed(random, 8)), seed=run) for run in range(400)]
    held = np.mean([run.interval[0] <= 1.0 <= run.interval[1] for run in runs])
    assert held >= 0.95


def test_rounds_that_one_side_lacks_do_not_count() -> None:
    found = paired_ratio([1.0, math.nan, 3.0], [1.0, 2.0, 0.0])
    assert (found.value, found.n, found.interval) == (1.0, 1, None)


def test_a_ratio_without_a_common_round_is_none() -> None:
    found = paired_ratio([math.nan], [1.0])
    assert (found.value, found.n) == (None, 0)
    assert found.method == "no round in which both were measured"


def pilot(spread: float, rounds: Any = 5, candidates: Any = 4) -> Any:
    """Rounds whose standard deviation is exactly `spread` of their median."""
    steps = np.linspace(-1.0, 1.0, rounds)
    return [list(1.0 + spread * steps / steps.std(ddof=1))] * candidates


def test_a_quiet_machine_needs_only_the_fewest_rounds_that_have_an_interval() -> None:
    assert rounds_needed(pilot(0.001), round_s=0.5, budget_s=60) == (6, "precision")


def test_a_noisier_machine_needs_more_rounds_and_four_times_as_many_for_twice_the_noise() -> None:
    few, _ = rounds_needed(pilot(0.03), round_s=0.5, budget_s=None)
    many, _ = rounds_needed(pilot(0.06), round_s=0.5, budget_s=None)
    assert 20 < few < 60
    assert many == pytest.approx(4 * few, rel=0.2)


def test_the_noisiest_candidate_decides() -> None:
    quiet, loud = pilot(0.001), pilot(0.06, candidates=1)
    assert rounds_needed(quiet + loud, round_s=0.5, budget_s=None) == rounds_needed(loud, round_s=0.5, budget_s=None)


def test_the_budget_ends_what_it_cannot_pay_and_the_answer_says_so() -> None:
    assert rounds_needed(pilot(0.06), round_s=0.5, budget_s=10.0) == (20, "budget")
    assert rounds_needed(pilot(0.5), round_s=0.5, budget_s=None) == (MAX_ROUNDS, "budget")


def test_a_budget_of_a_day_is_not_used_up_where_less_suffices() -> None:
    rounds, ended_by = rounds_needed(pilot(0.03), round_s=0.5, budget_s=86_400.0)
    assert (rounds, ended_by) == rounds_needed(pilot(0.03), round_s=0.5, budget_s=None)
    assert ended_by == "precision"
    assert rounds_needed(pilot(0.5), round_s=0.5, budget_s=86_400.0) == (MAX_ROUNDS, "budget")


@pytest.mark.parametrize("budget_s", [0.0, 0.1, 2.6])
def test_a_budget_that_is_spent_after_the_pilot_still_pays_for_an_interval(budget_s: float) -> None:
    assert rounds_needed(pilot(0.06), round_s=0.5, budget_s=budget_s) == (6, "budget")


def test_a_budget_of_a_day_is_not_spent_on_a_quiet_machine() -> None:
    assert rounds_needed(pilot(0.001), round_s=0.5, budget_s=86_400) == (6, "precision")


def test_a_constant_clock_needs_no_more_rounds() -> None:
    assert rounds_needed([[1.0] * 5], round_s=0.5, budget_s=60) == (6, "precision")
    assert rounds_needed([[0.0] * 5], round_s=0.0, budget_s=60) == (6, "precision")


def test_never_fewer_rounds_than_the_pilot_took() -> None:
    assert rounds_needed(pilot(0.0001, rounds=9), round_s=1.0, budget_s=1.0, pilot=9)[0] == 9


@pytest.mark.parametrize("spread", [0.02, 0.04])
def test_the_planned_rounds_bring_the_median_within_two_per_cent_in_four_of_five_runs(spread: float) -> None:
    random = np.random.default_rng(0)
    near = []
    for _ in range(300):
        rounds, ended_by = rounds_needed([list(random.normal(1, spread, 5))], round_s=0.1, budget_s=None)
        low, high = median_interval(random.normal(1, spread, rounds))
        near.append((high - low) / 2 <= 0.02)
        assert ended_by == "precision"
    assert np.mean(near) >= 0.75


def test_the_half_width_shrinks_with_the_root_of_the_rounds() -> None:
    assert expected_half_width(5) == math.inf
    assert expected_half_width(400) == pytest.approx(expected_half_width(100) / 2, rel=0.1)
    assert expected_half_width(400) == pytest.approx(1.2533 * 1.96 / 20, rel=0.05)


@pytest.mark.parametrize(
    ("values", "correlation"),
    [([1, -1, 1, -1], -0.75), ([1, 2, 3, 4, 5], 0.4), ([1, 2], None), ([2, 2, 2, 2], None)],
)
def test_lag_one_autocorrelation(values: Any, correlation: float | None) -> None:
    assert autocorrelation(values) == (None if correlation is None else pytest.approx(correlation))
