"""Figures as a person reads them."""

from __future__ import annotations

from typing import Any

import pytest

from carelabel.render.units import figure


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.2e-10, "s", "0.320 ns"),
        (1.2e-6, "s", "1.20 µs"),
        (0.0231, "s", "23.1 ms"),
        (2.5, "s", "2.50 s"),
        (650.0, "s", "650 s"),
        (0, "s", "0 s"),
        (512, "B", "512 B"),
        (0, "B", "0 B"),
        (16_017_035, "B", "15.3 MiB"),
        (3 * 2**40, "B", "3.00 TiB"),
        (0.0025, "J", "2.50 mJ"),
        (12_500.0, "J", "12.5 kJ"),
        (66.0, "1/s", "66.0 /s"),
        (17_000.0, "1/s", "17.0 k/s"),
        (0.9391, "1", "0.939"),
        (610_763, "1", "610,763"),
        (0.000002, "1", "2.00e-06"),
        (-0.5, "1", "-0.500"),
        (12.0, "target", "12.0 target"),
        ("nan", "s", "nan"),
    ],
)
def test_values(value: Any, unit: str, text: str) -> None:
    assert figure(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "interval", "text"),
    [
        (0.939, "1", [0.922, 0.956], "0.939 ±0.017"),
        (0.0023119, "s", [0.0022719, 0.0023519], "2.312 ms ±0.040"),
        (0.0129, "s", [0.0127, 0.0259], "12.9 ms +13.0 -0.2"),
        (0.0, "B", [0.0, 4096.0], "0 KiB +4 -0"),
        (100, "B", [90, 110], "100 B ±10"),
        (0.5, "1", [0.5, 0.5], "0.500"),
        (0.5, "1", ["-inf", 0.6], "0.500"),
        (0.5, "1", [0.6, 0.7], "0.500"),
        (0.5, "1", None, "0.500"),
    ],
)
def test_intervals(value: Any, unit: str, interval: Any, text: str) -> None:
    assert figure(value, unit, interval) == text


@pytest.mark.parametrize(
    ("value", "interval", "shown"),
    [
        (108110064.0, [94921175.0, 121298953.0], "1.08e8 ±0.13e8"),
        (10398.2, [9800.0, 10990.0], "10,398 ±598"),
    ],
)
def test_a_long_figure_shows_no_more_than_is_known(value: float, interval: list[float], shown: str) -> None:
    assert figure(value, "1", interval) == shown
