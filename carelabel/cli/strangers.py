"""A label comes from anybody, and so does the model's name on one's own: no character of it may steer a terminal."""

from __future__ import annotations

import re
from typing import Any, Final

DEEPEST: Final = 100
REPLACEMENT: Final = "\ufffd"
_BLANKS: Final = re.compile("[\t\n\r\x0b\x0c\x85\u2028\u2029]+")
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0, DEL and C1, with which terminals are told what to do, what turns the direction of writing round, and halves."""


def plain(text: str) -> str:
    """A text in one line: characters that break it become a blank, other control characters `REPLACEMENT`."""
    return _CONTROLS.sub(REPLACEMENT, _BLANKS.sub(" ", text))


def plain_document(value: Any, depth: int = DEEPEST) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON document whose texts and keys are plain.

    Raises:
        ValueError: If lists and objects lie in each other deeper than `depth`.
    """
    if isinstance(value, str):
        return plain(value)
    if not isinstance(value, dict | list | tuple):
        return value
    if depth == 0:
        msg = f"lists and objects lie in each other more than {DEEPEST} deep"
        raise ValueError(msg)
    if isinstance(value, dict):
        return {plain(name): plain_document(item, depth - 1) for name, item in value.items()}
    return [plain_document(item, depth - 1) for item in value]
