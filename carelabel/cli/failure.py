"""How errors are told: one line on stderr for the expected, one line and a kept traceback for the unexpected."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# EX_SOFTWARE of sysexits.h: none of the codes that tell how a run ended.
EXIT_UNEXPECTED: Final = 70


def print_error(text: str, hint: str = "") -> None:
    """One line on stderr."""
    line = " ".join(f"{text} ({hint})".split() if hint else text.split())
    print(f"carelabel: error: {line}", file=sys.stderr)  # noqa: T201 - this is the command line


def write_traceback(error: Exception, words: Sequence[str]) -> str:
    """Keep the traceback of an unexpected error in ``CARELABEL_HOME`` and say where."""
    import traceback  # noqa: PLC0415 - here and below: nothing of this is needed when all goes well
    from datetime import UTC, datetime  # noqa: PLC0415

    from carelabel import __version__  # noqa: PLC0415
    from carelabel.home import find_home  # noqa: PLC0415

    folder = find_home().errors
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.txt"
    head = f"carelabel {__version__}, Python {sys.version}\narguments: {list(words)!r}\n\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(head + "".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError as problem:
        return f"--debug shows the traceback; it could not be written to {path}: {problem.strerror or problem}"
    return f"this is a bug; the traceback is in {path}"
