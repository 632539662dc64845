"""``carelabel demo``."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from carelabel.cli.output import print_json
from carelabel.errors import EXIT_DONE, CareLabelError, UsageError

NEEDS = ("mlxtend", "numpy", "scikit-learn")
FILES = ("model.pkl", "meta.yaml", "train.npz", "test.npz")
MARK = "# Written by carelabel demo."
TIMEOUT_S = 600.0

_META = f"""\
{MARK} Paths are relative to this file.
name: mnist-forest
task: classification
data:
  test: test.npz    # 1000 rows; arrays X (784 pixels from 0 to 255) and y (the digit)
  train: train.npz  # 4000 rows
  input_shape: [784]
  classes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
"""


def demo(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made when missing.")] = Path(
        "carelabel-demo"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> int:
    """Train a small model on MNIST, ready to be labelled: a random forest of 100 trees on 4000 images."""
    _check_installed()
    _make(folder)
    _train(folder)
    (folder / "meta.yaml").write_text(_META, encoding="utf-8")
    command = ["carelabel", "run", str(folder / "model.pkl"), "--meta", str(folder / "meta.yaml"), "--trust-pickle"]
    if as_json:
        print_json({"files": [str(folder / name) for name in FILES], "next": command})
    else:
        typer.echo(f"wrote {', '.join(FILES)} to {folder}\nnext: {shlex.join(command)}")
    return EXIT_DONE


def _check_installed() -> None:
    """Hold that the child can import what it needs.

    Raises:
        UsageError: With the command that installs the rest.
    """
    from carelabel.base.host import InstalledPackages  # noqa: PLC0415 - here and below: the help of the command does without
    from carelabel.plugin.needs import install_hint, missing_requirements  # noqa: PLC0415

    missing = missing_requirements(NEEDS, InstalledPackages())
    if missing:
        names = ", ".join(item.requirement for item in missing)
        msg = f"the demo needs {', '.join(NEEDS)}, but not installed: {names}"
        raise UsageError(msg, install_hint(missing[0].requirement))


def _make(folder: Path) -> None:
    """Make the folder. Files of an earlier demo are replaced, others are left alone.

    Raises:
        UsageError: If it cannot be made, or holds files of the same names that no demo wrote.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = [name for name in FILES if (folder / name).exists()]
        meta = folder / "meta.yaml"
        own = not there or (meta.exists() and meta.read_text(encoding="utf-8", errors="replace").startswith(MARK))
        if own:
            meta.write_text(MARK, encoding="utf-8")
    except OSError as error:
        msg = f"{folder} must be a folder that can be written, but: {error.strerror or error}"
        raise UsageError(msg, "name another") from error
    if not own:
        msg = f"{folder} must not hold files of yours, but there is {', '.join(there)}"
        raise UsageError(msg, "name another folder")


def _train(folder: Path) -> None:
    command = [sys.executable, "-m", "carelabel.cli.demo_model", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 - our own module
    except subprocess.TimeoutExpired as error:
        msg = f"the demo's training must end within {TIMEOUT_S:g} s, but it did not"
        raise CareLabelError(msg, "is this machine busy?") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        msg = f"the demo's training ended with status {done.returncode}: {last}"
        raise CareLabelError(msg, f"{shlex.join(command)} shows all of it")
