"""Figures as a person reads them: units scaled to the figure's size, digits by how well it is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from carelabel.base.json_codec import number

if TYPE_CHECKING:
    from collections.abc import Sequence

_DECIMAL: Final = ((1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1.0, ""))
_SCALES: Final = (
    ("s", _DECIMAL),
    ("J", (*_DECIMAL, (1e3, "k"), (1e6, "M"))),
    ("Wh", (*_DECIMAL, (1e3, "k"))),
    ("W", (*_DECIMAL, (1e3, "k"))),
    ("B", ((1.0, ""), (2.0**10, "Ki"), (2.0**20, "Mi"), (2.0**30, "Gi"), (2.0**40, "Ti"))),
    ("1/s", ((1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"))),
)
_DIGITS: Final = 3
_EVEN: Final = 1.25
_LONG: Final = 1e6
"""From here on a figure with an uncertainty is written with a power of ten: it is known to fewer digits than it has."""
_LARGE: Final = 1e15


def figure(value: Any, unit: str, interval: Sequence[Any] | None = None) -> str:  # noqa: ANN401 - a JSON number
    """A value with its unit and interval, such as ``2.31 ms ±0.04`` or ``0.941 +0.013 -0.016``.

    Args:
        value: A number, or one of nan, inf, -inf.
        unit: SI unit as quantities declare it; ``1`` is not shown, others than the known are shown as they are.
        interval: Lower and upper end; symmetric ones are shown as ±.
    """
    plain = number(value)
    if not math.isfinite(plain):
        return str(plain)
    distances = _distances(plain, interval)
    factor, shown = scale(plain or max(distances or (0.0,)), unit)
    if distances is None:
        return f"{_plain(value, plain, factor)}{shown}"
    power = ""
    if abs(plain / factor) >= _LONG:
        exponent = math.floor(math.log10(abs(plain / factor)))
        factor, power = factor * 10.0**exponent, f"e{exponent}"
    lower, upper = (distance / factor for distance in distances)
    even = max(lower, upper) <= _EVEN * min(lower, upper)
    width = f",.{_decimals(plain / factor, lower, upper, even=even)}f"
    if even or f"{lower:{width}}" == f"{upper:{width}}":
        return f"{plain / factor:{width}}{power}{shown} ±{max(lower, upper):{width}}{power}"
    return f"{plain / factor:{width}}{power}{shown} +{upper:{width}}{power} -{lower:{width}}{power}"


def scale(value: float, unit: str) -> tuple[float, str]:
    """What to divide by, and the unit to write then, with a blank before it."""
    steps = dict(_SCALES).get(unit)
    if steps is None:
        return 1.0, "" if unit in {"1", ""} else f" {unit}"
    size = abs(value)
    fitting = [step for step in steps if size >= step[0]] or ([(1.0, "")] if size == 0 else [steps[0]])
    factor, prefix = fitting[-1]
    name = f"{prefix}/s" if unit == "1/s" else f"{prefix}{unit}"
    return factor, f" {name}"


def _plain(value: Any, plain: float, factor: float) -> str:  # noqa: ANN401 - a JSON number
    scaled = plain / factor
    if factor == 1.0 and (isinstance(value, int) or plain == 0):
        return f"{plain:,.0f}"
    if abs(scaled) < 1e-4 or abs(scaled) >= _LARGE:  # noqa: PLR2004 - below that digits are all zeros
        return f"{scaled:.{_DIGITS - 1}e}"
    decimals = max(0, _DIGITS - 1 - math.floor(math.log10(abs(scaled))))
    return f"{scaled:,.{decimals}f}"


def _distances(value: float, interval: Sequence[Any] | None) -> tuple[float, float] | None:
    """How far the ends are from the value, or None when there is nothing to show."""
    if not interval:
        return None
    low, high = (number(end) for end in interval)
    if not (math.isfinite(low) and math.isfinite(high)) or not low <= value <= high or low == high:
        return None
    return value - low, high - value


def _decimals(value: float, lower: float, upper: float, *, even: bool) -> int:
    """As many as show two digits of an even distance, or one of the smaller; of the value five, or three, at most."""
    distance = max(lower, upper) if even else min(lower, upper) or max(lower, upper)
    digits, most = (2, 5) if even else (1, 3)
    wanted = digits - 1 - math.floor(math.log10(distance))
    room = most - 1 - math.floor(math.log10(abs(value))) if value else wanted
    return max(0, min(wanted, room))


def seconds(value: float | None) -> str:
    """Seconds that something took."""
    return "" if value is None else figure(float(value), "s")


def size(value: int | None) -> str:
    """Bytes."""
    return "" if value is None else figure(float(value), "B")
