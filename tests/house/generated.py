"""The parts of README.md that programs write: a command's output stands between two comments.

``nox -s docs`` writes them anew, ``test_readme.py`` holds that they are up to date.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- output of: (?P<command>carelabel [^\n]*) -->\n).*?(<!-- end of output -->)", re.DOTALL)


def output_of(command: str) -> str:
    """What a command prints, on a terminal of 100 columns."""
    words = [sys.executable, "-m", *shlex.split(command)]
    environment = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment, cwd=ROOT)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def up_to_date(text: str) -> str:
    """README with its generated parts as they must be."""

    def block(found: re.Match[str]) -> str:
        return f"{found[1]}```\n$ {found['command']}\n{output_of(found['command'])}\n```\n{found[3]}"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    README.write_text(up_to_date(README.read_text(encoding="utf-8")), encoding="utf-8")
