"""How errors are told: one line on stderr for the expected, one line and a kept traceback for the unexpected."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Final

from carelabel.cli.strangers import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

# EX_SOFTWARE of sysexits.h: none of the codes that tell how a run ended.
EXIT_UNEXPECTED: Final = 70
_LONGEST: Final = 4_000
"""Characters of a text on stderr."""
_PATH: Final = 80


def print_error(text: str, hint: str = "") -> None:
    """One line on stderr."""
    line = plain(" ".join(f"{_cut(text)} ({_cut(hint)})".split() if hint else _cut(text).split()))
    print(f"carelabel: error: {line}", file=sys.stderr)  # noqa: T201 - this is the command line


def _cut(text: str) -> str:
    """A text that fits in a line: what is told may be a whole file."""
    left_out = len(text) - _LONGEST
    return text if left_out <= 0 else f"{text[:_LONGEST]}... ({left_out} more characters)"


def about_paths(error: Exception) -> tuple[str, str] | None:
    """What is said, and advised, about paths that no system can have, wherever they were met; None for other errors."""
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        name = str(error.filename or "")
        found = f"one of {len(name)} characters: {name[:_PATH]}..."
        return f"a path must be short enough for this system, found {found}", ""
    if isinstance(error, FileNotFoundError) and _is_folder_gone():
        return "the working directory must exist, but it has been removed", "change to another one"
    return None


def _is_folder_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - Path.cwd does the same
    except FileNotFoundError:
        return True
    return False


def write_traceback(error: Exception, words: Sequence[str]) -> str:
    """Keep the traceback of an unexpected error in ``CARELABEL_HOME`` and say where."""
    import traceback  # noqa: PLC0415 - here and below: nothing of this is needed when all goes well
    from datetime import UTC, datetime  # noqa: PLC0415

    from carelabel import __version__  # noqa: PLC0415
    from carelabel.base.home import find_home  # noqa: PLC0415
    from carelabel.errors import CareLabelError  # noqa: PLC0415

    try:
        folder = find_home().errors
    except CareLabelError as problem:
        return f"--debug shows the traceback; it could not be written: {problem}"
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.txt"
    head = f"carelabel {__version__}, Python {sys.version}\narguments: {list(words)!r}\n\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(head + "".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError as problem:
        return f"--debug shows the traceback; it could not be written to {path}: {problem.strerror or problem}"
    return f"this is a bug; the traceback is in {path}"
