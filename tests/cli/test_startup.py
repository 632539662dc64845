"""``carelabel --help`` and the lists answer at once: this is what they may import."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

TRACE = "import sys, json; from carelabel.cli.app import main; main({words!r}); print(json.dumps(sorted(sys.modules)))"
SLOW = ("numpy", "sklearn", "onnxruntime", "torch", "pydantic", "rich", "yaml", "tinydb", "importlib.metadata")


@pytest.mark.parametrize(
    "words",
    [["--help"], ["--version"], ["list-tests"], ["list-tests", "--json"], ["list-converters"], ["run", "--help"]],
    ids=" ".join,
)
def test_modules(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", TRACE.format(words=words)], capture_output=True, text=True, check=True)
    modules = set(json.loads(done.stdout.splitlines()[-1]))
    allowed = {"yaml", "importlib.metadata"} if words[0] == "run" else set()
    assert sorted(set(SLOW) & modules - allowed) == []


def test_python_m_carelabel_is_the_same_program() -> None:
    command = [sys.executable, "-m", "carelabel", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: carelabel [OPTIONS] COMMAND [ARGS]...")


INTERRUPTED = """
import sys
from carelabel.__main__ import main

class Late:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Late())
sys.exit(main())
"""


def test_ctrl_c_while_it_is_still_starting_ends_it_in_one_line() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "carelabel: error: interrupted\n")
