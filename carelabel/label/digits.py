"""As many digits as a figure is good for: a label says no more, and stays small.

A figure keeps twelve significant digits, so that two ways to compute it can be held against each other. The ends of an
interval, and the curves and details beside a figure, keep six. An interval is rounded outwards: it covers no less.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any, Final

OF_VALUE: Final = 12
OF_THE_REST: Final = 6


def rounded(value: Any, digits: int = OF_THE_REST) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value with every float in it rounded to significant digits; whole numbers and words stay."""
    if isinstance(value, float):
        return _to_digits(value, digits, ROUND_HALF_EVEN)
    if isinstance(value, dict):
        return {name: rounded(item, digits) for name, item in value.items()}
    return [rounded(item, digits) for item in value] if isinstance(value, list | tuple) else value


def rounded_outwards(interval: Any, digits: int = OF_THE_REST) -> Any:  # noqa: ANN401 - a JSON value
    """An interval whose lower end is not above, and whose upper end is not below, what it was."""
    if not interval:
        return interval
    ends = zip(interval, (ROUND_FLOOR, ROUND_CEILING), strict=True)
    return [_to_digits(end, digits, way) if isinstance(end, float) else end for end, way in ends]


def _to_digits(value: float, digits: int, way: str) -> float:
    if not math.isfinite(value) or value == 0.0:
        return value
    exact = Decimal(repr(value))
    return float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), rounding=way))
