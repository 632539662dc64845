from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from carelabel.measure.proportions import (
    clopper_pearson_lower,
    clopper_pearson_upper,
    mcnemar_exact,
    tost_accuracy,
    wilson,
)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (11, 1, 0.006348),  # published
        (1, 11, 0.006348),
        (0, 0, 1.0),
        (5, 5, 1.0),
        (0, 5, 0.0625),  # 2 / 2**5
    ],
)
def test_mcnemars_exact_p(first: Any, second: Any, p: float) -> None:
    assert mcnemar_exact(first, second) == pytest.approx(p, abs=5e-7)


def test_wilsons_interval_of_8_in_10() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=5e-5)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (0, 20), (20, 20)])
def test_wilsons_interval_stays_between_0_and_1(successes: int, n: int) -> None:
    low, high = wilson(successes, n)
    assert 0.0 <= low <= high <= 1.0


def test_exact_bounds_without_a_success_have_a_closed_form() -> None:
    assert clopper_pearson_upper(0, 298) == pytest.approx(1 - 0.05 ** (1 / 298))
    assert clopper_pearson_upper(0, 298) > 0.01 >= clopper_pearson_upper(0, 299)
    assert clopper_pearson_lower(0, 298) == 0.0


def test_exact_bounds_mirror_each_other() -> None:
    assert clopper_pearson_lower(7, 30) == pytest.approx(1 - clopper_pearson_upper(23, 30))


def test_exact_bounds_agree_with_scipys_own_test() -> None:
    interval = binomtest(7, 30).proportion_ci(confidence_level=0.90, method="exact")
    assert (clopper_pearson_lower(7, 30), clopper_pearson_upper(7, 30)) == pytest.approx((interval.low, interval.high))


def test_nothing_tried_proves_nothing() -> None:
    assert (clopper_pearson_lower(0, 0), clopper_pearson_upper(0, 0)) == (0.0, 1.0)


@pytest.mark.parametrize("function", [clopper_pearson_lower, clopper_pearson_upper, wilson])
def test_more_successes_than_tries_are_refused(function: Any) -> None:
    with pytest.raises(ValueError, match="successes must be between 0 and n, got 3 of 2"):
        function(3, 2)


@pytest.mark.parametrize(
    ("n", "gained", "lost", "equivalent"),
    [
        (100, 0, 0, False),  # too few rows to exclude a point
        (260, 0, 0, False),
        (280, 0, 0, True),
        (1000, 3, 3, True),
        (1000, 0, 8, False),
        (1000, 0, 30, False),
        (10_000, 20, 40, True),
        (0, 0, 0, False),
    ],
)
def test_accuracies_are_equal_within_a_point_only_when_rows_prove_it(
    n: int, gained: int, lost: int, equivalent: bool
) -> None:
    found = tost_accuracy(n, gained, lost)
    assert found.equivalent is equivalent
    assert found.difference == pytest.approx((gained - lost) / n if n else 0.0)


def test_a_difference_at_the_margin_is_called_equal_in_at_most_one_of_twenty_cases() -> None:
    random = np.random.default_rng(0)
    draws = random.multinomial(2000, [0.01, 0.02, 0.97], size=3000)  # one point worse, the edge of the hypothesis
    wrong = np.mean([tost_accuracy(2000, int(gained), int(lost)).equivalent for gained, lost, _ in draws])
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 3000)


def test_the_p_value_does_not_depend_on_who_is_the_original() -> None:
    assert tost_accuracy(500, 4, 9).p == pytest.approx(tost_accuracy(500, 9, 4).p)
