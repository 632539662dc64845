"""``python -m carelabel`` is the same program as ``carelabel``."""

from __future__ import annotations

import sys

from carelabel.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
