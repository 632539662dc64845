"""Where results go: JSON and rich text on stdout, a file that is known to be writable before the work begins."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from carelabel.base.json_codec import encodable
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import RenderableType


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON document, and nothing else, on stdout. Halves of characters, as in file names, become JSON's escapes."""
    text = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)
    sys.stdout.write(encodable(text) + "\n")


def print_text(*parts: RenderableType) -> None:
    """What rich draws, on stdout; without colours when that is not a terminal."""
    from rich.console import Console  # noqa: PLC0415 - JSON needs no rich

    console = Console(highlight=False, soft_wrap=False)
    for part in parts:
        console.print(part)


def check_writable(path: Path) -> None:
    """Hold that a file can be written, before an hour of measuring is spent on it. Leaves no trace.

    Raises:
        UsageError: If it cannot be.
    """
    folder = path.absolute().parent
    if path.is_dir():
        raise unwritable(path, "it is a folder")
    if not folder.is_dir():
        raise unwritable(path, f"there is no folder {folder}")
    place = path if path.exists() else folder
    if not os.access(place, os.W_OK):
        raise unwritable(path, "permission denied")


def write_file(path: Path, content: bytes) -> None:
    """Write a result.

    Raises:
        UsageError: If it cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise unwritable(path, error.strerror or str(error)) from error


def unwritable(path: Path, found: str) -> UsageError:
    """The error for an output that cannot be written."""
    return UsageError(f"the output {path} must be a file that can be written, but: {found}", "name another with -o")
