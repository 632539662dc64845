"""``python -m carelabel.testing PLUGIN``: the results of all checks as one line of JSON on stdout."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict

from carelabel.testing.conformance import cases_of


def main(plugin: str) -> None:
    """Run the checks; what plugins print goes to stderr."""
    with redirect_stdout(sys.stderr):
        results = [asdict(case.result()) for case in cases_of(plugin)]
    sys.stdout.write(json.dumps(results) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
