"""What tests of bad input share: how a refusal is written down in a table of cases."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.flow.program import HERE

Refusal = Callable[..., tuple[int, str]]
"""Runs the program with the witness plugin in this process; gives exit code and the one line of its error."""

SUITE = str(HERE / "line.yaml")


def pattern(text: str) -> str:
    """{} stands for a word that depends on the test's data, ... for whatever else there is."""
    return re.escape(text).replace(re.escape("{}"), r"\S+").replace(re.escape("..."), ".*")
