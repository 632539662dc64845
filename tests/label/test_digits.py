"""A label holds as many digits as its figures are good for."""

from __future__ import annotations

import math

import pytest

from carelabel.label.digits import OF_VALUE, rounded, rounded_outwards


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0.12345678912, 0.123457),
        (-1234567.8, -1234570.0),
        (1.23456789e-9, 1.23457e-9),
        (0.939, 0.939),
        (0.0, 0.0),
        (1234567, 1234567),
        (True, True),
        ("nan", "nan"),
        (None, None),
        ([0.12345678, {"x": [1.00000001]}], [0.123457, {"x": [1.0]}]),
    ],
)
def test_floats_keep_six_digits_and_the_rest_is_left_alone(value: object, wanted: object) -> None:
    assert rounded(value) == wanted


def test_a_figure_keeps_enough_digits_to_be_held_against_another_way_to_compute_it() -> None:
    for value in (math.pi / 1e5, 1.0 + 1.0 / 7.0, 2.3135700433286335):
        assert rounded(value, OF_VALUE) == pytest.approx(value, rel=1e-11, abs=0.0)


def test_what_is_not_finite_stays() -> None:
    assert rounded(math.inf) == math.inf
    assert math.isnan(rounded(math.nan))


@pytest.mark.parametrize(
    ("interval", "wanted"),
    [
        ([0.12345678, 0.87654321], [0.123456, 0.876544]),
        ([-0.87654321, -0.12345678], [-0.876544, -0.123456]),
        ([1.0, 1.0], [1.0, 1.0]),
        ([0.923, "inf"], [0.923, "inf"]),
        (None, None),
    ],
)
def test_an_interval_covers_no_less_than_before(interval: list[object] | None, wanted: list[object] | None) -> None:
    assert rounded_outwards(interval) == wanted
