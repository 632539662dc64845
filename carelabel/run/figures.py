"""What a test gave, checked against what its record declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carelabel.jsonable import to_json
from carelabel.plugin.protocols import Measurement
from carelabel.run.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
    measurement: dict[str, Any] = to_json(item)
    return measurement
