"""A process that puts labels: ENTRY FOLDER PREFIX NUMBER. It prints each id once it is kept, until it is killed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

module, _, name = sys.argv[1].partition(":")
store = getattr(importlib.import_module(module), name)(Path(sys.argv[2]))
for number in range(int(sys.argv[4])):
    identifier = store.put({"id": f"{sys.argv[3]}-{number}", "created": "", "padding": "x" * 2000})
    sys.stdout.write(f"{identifier}\n")
    sys.stdout.flush()
