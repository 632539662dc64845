"""``python -m carelabel.testing PLUGIN FILE [SKIP]``: the checks of a plugin, each told in a file before and after.

The file is opened anew for every line: what a plugin does to the descriptors of its process does not hide the results.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.testing.conformance import cases_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def main(plugin: str, results: Path, skip: int = 0) -> None:
    """Run the checks but the first `skip`; what plugins print goes to stderr."""
    with redirect_stdout(sys.stderr):
        for case in cases_of(plugin)[skip:]:
            about = {"about": case.candidate.id, "check": case.check.name, "sentence": case.check.sentence}
            _tell(results, {"begun": about})
            before = _open_streams()
            result = asdict(case.result())
            if _open_streams() != before:
                found = "it closed descriptors that are not its own"
                _tell(results, {"ended": {**result, "status": "failed", "message": found}})
                os._exit(0)  # the checks to come need them: a new process makes those
            _tell(results, {"ended": result})
    _tell(results, {"done": True})


def _tell(path: Path, message: Mapping[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(message) + "\n")


def _open_streams() -> list[bool]:
    return [_is_open(descriptor) for descriptor in range(3)]


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
