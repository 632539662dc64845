"""The conformance kit: each check is a test of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carelabel.testing import parametrize_with_checks

if TYPE_CHECKING:
    from collections.abc import Callable


@parametrize_with_checks("example")
def test_conforms(check: Callable[[], None]) -> None:
    check()
