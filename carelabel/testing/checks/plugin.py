"""Checks of a plugin as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

from carelabel.testing.result import Candidate, Check, CheckSkipped, must

_NEW_MODULES: Final = """
import json, sys
import carelabel.plugin.loading
before = set(sys.modules)
__import__(sys.argv[1])
json.dump(sorted({name.partition(".")[0] for name in set(sys.modules) - before}), sys.stdout)
"""
_TIMEOUT_S: Final = 60.0


def loads(candidate: Candidate) -> None:
    """Loading gave no problem."""
    texts = [info.problem for info in candidate.registry.plugins if info.name == candidate.plugin and info.problem]
    must(not texts, "; ".join(texts))


def light(candidate: Candidate) -> None:
    """Nothing heavy is imported with the plugin's module."""
    module = next(info.module for info in candidate.registry.plugins if info.name == candidate.plugin).partition(":")[0]
    command = [sys.executable, "-c", _NEW_MODULES, module]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603 - our own code
    if done.returncode != 0:
        msg = f"{module} cannot be imported by itself"
        raise CheckSkipped(msg)
    allowed = {module.partition(".")[0], "carelabel"} | sys.stdlib_module_names
    heavy = [name for name in json.loads(done.stdout.splitlines()[-1]) if name not in allowed]
    must(not heavy, f"importing {module} also imports {', '.join(heavy)}")


def brings_records(candidate: Candidate) -> None:
    """There is at least one record."""
    count = sum(info.records for info in candidate.registry.plugins if info.name == candidate.plugin)
    must(count > 0, "none of its hooks gave a record that could be taken")


CHECKS: Final = (
    Check(name="loads", sentence="the plugin must load without a problem", kind=None, run=loads),
    Check(
        name="light-import",
        sentence="importing the plugin's module must import nothing but itself, carelabel and the standard library",
        kind=None,
        run=light,
    ),
    Check(name="brings-records", sentence="the plugin must bring at least one record", kind=None, run=brings_records),
)
