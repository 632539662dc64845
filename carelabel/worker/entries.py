"""From the entry string of a record to the code behind it. Only workers do that."""

from __future__ import annotations

import importlib
from typing import Any


def load_entry(entry: str) -> Any:  # noqa: ANN401 - whatever the plugin put there
    """Import ``package.module:attribute``.

    Raises:
        ImportError: If the module, or something it needs, is not there.
        AttributeError: If the module has no such attribute.
    """
    module_name, _, attribute = entry.partition(":")
    found: Any = importlib.import_module(module_name)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found
