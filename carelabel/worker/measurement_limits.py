"""How much a cell may put on a label: a test that gives more loses its cell, and not everybody's label."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from carelabel.process.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_POINTS: Final = 1_000
"""Figures of one cell."""
MOST_CHARACTERS: Final = 1_000
"""Of each text: a method, a reason, a flag, the grade, a key or value of ``at``."""
MOST_BYTES: Final = 512 * 1024
"""Of all figures of a cell as JSON, details included: half of what a whole label may have."""


def check_amount(test_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Hold what must be true of all figures of a cell together, and of their texts.

    Args:
        rows: Measurements as JSON objects whose fields have the right types.

    Raises:
        RefusalError: If there are too many or too large ones, or two with one key.
    """
    if len(rows) > MOST_POINTS:
        raise too_many(test_id)
    seen = set()
    for row in rows:
        _check_texts(test_id, row)
        key = (row["quantity"], tuple(sorted((row.get("at") or {}).items())))
        if key in seen:
            found = f"two of {key[0]} at {dict(key[1])}"
            message = f"{test_id} must give one figure for a quantity and a place, got {found}"
            raise RefusalError(code="twice", message=message, hint="tell them apart by what stands in at")
        seen.add(key)
    size = len(json.dumps(rows, separators=(",", ":")))
    if size > MOST_BYTES:
        message = f"the figures of {test_id} must have at most {MOST_BYTES} bytes as JSON, got {size}"
        raise RefusalError(code="too-large", message=message, hint="leave out points of its details")


def too_many(test_id: str) -> RefusalError:
    """What is said to a test that goes on giving figures."""
    message = f"{test_id} must give at most {MOST_POINTS} figures in a cell, got more"
    return RefusalError(code="too-large", message=message, hint="put a curve into the detail of one figure")


def _check_texts(test_id: str, row: Mapping[str, Any]) -> None:
    for what, text in _texts(row):
        if len(text) > MOST_CHARACTERS:
            message = f"{test_id}: each text of {row['quantity']} must have at most {MOST_CHARACTERS} characters"
            raise RefusalError(code="too-large", message=f"{message}, got {len(text)} in {what}")


def _texts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for what in ("method", "reason", "grade"):
        yield what, row.get(what) or ""
    for flag in row.get("flags") or ():
        yield "flags", flag
    for pair in (row.get("at") or {}).items():
        for word in pair:
            yield "at", str(word)
