"""The program: ``carelabel`` and ``python -m carelabel``. Ctrl-C while it is still starting ends it, too."""

from __future__ import annotations

import sys


def main() -> int:
    """Import the program and run it with the words of the command line; gives its exit code."""
    try:
        from carelabel.cli.app import main as program  # noqa: PLC0415 - takes a while, in which ctrl-C may come

        return program()
    except KeyboardInterrupt:
        from carelabel.errors import EXIT_INTERRUPTED  # noqa: PLC0415 - imports next to nothing

        sys.stderr.write("carelabel: error: interrupted\n")
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
