"""What a test gave, checked against what its record declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carelabel.jsonable import to_json
from carelabel.plugin.protocols import Measurement
from carelabel.run.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ENDS: Final = 2


def as_json(results: Iterable[Any] | None, test: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Measurements as JSON objects.

    Raises:
        RefusalError: If something is no Measurement, or is of a quantity that the record does not declare.
    """
    declared = [str(quantity["name"]) for quantity in test["quantities"]]
    if results is None:
        raise RefusalError(
            code="wrong-type", message=f"{test['id']} must give measurements, got None", hint="return or yield them"
        )
    return [_checked(item, declared, test["id"]) for item in results]


def _checked(item: object, declared: list[str], test_id: str) -> dict[str, Any]:
    if not isinstance(item, Measurement):
        raise RefusalError(
            code="wrong-type", message=f"{test_id} must give Measurement objects, got {type(item).__name__}"
        )
    if item.quantity not in declared:
        known = ", ".join(declared)
        message = f"{test_id} must give only quantities that its record declares ({known}), got {item.quantity}"
        raise RefusalError(code="undeclared-quantity", message=message, hint="declare it in the record")
    for what, good in _types(item):
        if not good:
            raise RefusalError(code="wrong-type", message=f"{test_id}: {what} of {item.quantity}, got {item!r:.300}")
    measurement: dict[str, Any] = to_json(item)
    return measurement


def _types(item: Measurement) -> Iterator[tuple[str, bool]]:
    """What must hold, and whether it does: a label with one figure of another type would be no label."""
    yield "the value must be a number", item.value is None or _is_number(item.value)
    ends = item.interval
    pair = isinstance(ends, tuple | list) and len(ends) == _ENDS and all(map(_is_number, ends))
    yield "the interval must be two numbers", ends is None or pair
    yield "the level must be a number", item.level is None or _is_number(item.level)
    yield "n must be a whole number", item.n is None or (_is_number(item.n) and int(item.n) == item.n)
    places = item.at.items() if isinstance(item.at, dict) else [(None, None)]
    yield (
        "at must map words to text or numbers",
        all(isinstance(key, str) and (isinstance(value, str) or _is_number(value)) for key, value in places),
    )
    yield "method and reason must be text", isinstance(item.method, str) and isinstance(item.reason, str | None)
    yield "flags must be words", all(isinstance(flag, str) for flag in item.flags)
    yield "detail must be a mapping", item.detail is None or isinstance(item.detail, dict)


def _is_number(value: object) -> bool:
    """Also numpy's, which `to_json` turns into plain ones."""
    return isinstance(value, int | float) or (hasattr(value, "item") and isinstance(value.item(), int | float))
