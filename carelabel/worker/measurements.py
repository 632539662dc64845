"""What a test gave, checked against what its record declares."""

from __future__ import annotations

import math
import reprlib
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from carelabel.base.json_codec import encodable_document, to_json
from carelabel.plugin.interfaces import Measurement
from carelabel.process.refusal import RefusalError
from carelabel.worker.measurement_limits import MOST_POINTS, check_amount, too_many

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ENDS: Final = 2
_BITS: Final = 1024


def as_json(results: Iterable[Any] | None, test: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Measurements as JSON objects.

    Raises:
        RefusalError: If something is no Measurement, or is of a quantity that the record does not declare, or if they
            are more than a label can hold.
    """
    declared = [str(quantity["name"]) for quantity in test["quantities"]]
    if results is None:
        raise RefusalError(
            code="wrong-type", message=f"{test['id']} must give measurements, got None", hint="return or yield them"
        )
    rows = [_checked(item, declared, test["id"]) for item in islice(results, MOST_POINTS + 1)]
    if len(rows) > MOST_POINTS:  # it might never end
        raise too_many(test["id"])
    check_amount(test["id"], rows)
    return rows


def _checked(item: object, declared: list[str], test_id: str) -> dict[str, Any]:
    if not isinstance(item, Measurement):
        raise RefusalError(
            code="wrong-type", message=f"{test_id} must give Measurement objects, got {type(item).__name__}"
        )
    if item.quantity not in declared:
        known = ", ".join(declared)
        message = f"{test_id} must give only quantities that its record declares ({known}), got {item.quantity}"
        raise RefusalError(code="undeclared-quantity", message=message, hint="declare it in the record")
    for name, what, good in _types(item):
        if not good:
            found = _shown(getattr(item, name))
            message = f"{test_id}: {name} of {item.quantity} must be {what}, got {found}"
            raise RefusalError(code="wrong-type", message=message)
    measurement: dict[str, Any] = encodable_document(to_json(item))
    return measurement


def _types(item: Measurement) -> Iterator[tuple[str, str, bool]]:
    """Field, what it must be, and whether it is: a label with one figure of another type would be no label."""
    yield "value", "a number", item.value is None or _is_number(item.value)
    ends = item.interval
    pair = isinstance(ends, tuple | list) and len(ends) == _ENDS and all(map(_is_number, ends))
    yield "interval", "two numbers", ends is None or pair
    yield "level", "a finite number", item.level is None or _is_finite(item.level)
    yield "n", "a whole number", item.n is None or (_is_finite(item.n) and int(item.n) == item.n)
    places = item.at.items() if isinstance(item.at, dict) else [(None, None)]
    good = all(isinstance(key, str) and (isinstance(value, str) or _is_number(value)) for key, value in places)
    yield "at", "a mapping of words to text or numbers", good
    yield "method", "text", isinstance(item.method, str)
    yield "reason", "text", isinstance(item.reason, str | None)
    yield "grade", "a word", isinstance(item.grade, str | None)
    yield "flags", "a tuple of words", isinstance(item.flags, tuple | list) and all(map(_is_text, item.flags))
    yield "detail", "a mapping", item.detail is None or isinstance(item.detail, dict)


def _shown(value: object) -> str:
    """A value in a few words, whatever it is."""
    if isinstance(value, int) and value.bit_length() >= _BITS:
        return f"a whole number of {value.bit_length()} bits"
    return reprlib.repr(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_finite(value: Any) -> bool:  # noqa: ANN401 - whatever a plugin gave
    return _is_number(value) and math.isfinite(value)


def _is_number(value: Any) -> bool:  # noqa: ANN401 - as above
    """Also numpy's, which `to_json` turns into plain ones. A whole number that no float can come near is none."""
    plain = value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
    return isinstance(plain, float) or (isinstance(plain, int) and plain.bit_length() < _BITS)
