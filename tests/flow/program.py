"""Running the program as a user does: a process of its own, with a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.label.schema import Label

if TYPE_CHECKING:
    import signal

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WITNESS = HERE / "witness_dist"
FAULTY = HERE / "faulty_dist"
GIVE_UP_S = 120.0
"""When a test stops waiting for something that must happen; nothing is said about how long it takes."""

TRACED = """
import json, sys
from pathlib import Path
from carelabel.cli.app import main
code = main(sys.argv[2:])
Path(sys.argv[1]).write_text(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
sys.exit(code)
"""
"""The program, and at its end what the parent process has imported."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A run of the program that has ended."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        """Where an error stands."""
        return self.err.splitlines()[-1] if self.err else ""

    @property
    def errors(self) -> list[str]:
        """Every line that is an error; there is one at most, and never a traceback."""
        assert "Traceback" not in self.err, self.err
        return [line for line in self.err.splitlines() if line.startswith("carelabel: error:")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """The program with one home.

    Attributes:
        plugins: Folders with plugin packages, put on the import path.
        lock: Folder of the measuring lock: runs that share it wait for each other.
    """

    home: Path
    lock: Path
    plugins: tuple[Path, ...] = ()
    more: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CARELABEL_")}
        path = [*map(str, self.plugins), str(ROOT), str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]
        own = {"CARELABEL_HOME": str(self.home), "TMPDIR": str(self.lock), "COLUMNS": "200"}
        return {**kept, **own, "PYTHONPATH": os.pathsep.join(filter(None, path)), **self.more}

    def run(self, *words: str | Path, modules: Path | None = None, cwd: Path | None = None) -> Ended:
        """Run the program to its end; `modules` is where it writes what the parent had imported."""
        how = ["-m", "carelabel"] if modules is None else ["-c", TRACED, str(modules)]
        done = subprocess.run(
            [sys.executable, *how, *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd or self.lock,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
        )
        return Ended(code=done.returncode, out=done.stdout, err=done.stderr)

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start the program; the caller ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "carelabel", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.lock,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def label(self, path: Path) -> dict[str, Any]:
        """A label that was written to a file."""
        return Label.model_validate_json(path.read_text(encoding="utf-8")).to_dict()

    def journal(self) -> list[dict[str, Any]]:
        """Lines of the newest run's journal, without a torn one at the end."""
        folders = sorted((self.home / "runs").glob("*/journal.jsonl"))
        whole = folders[-1].read_bytes().split(b"\n")[:-1] if folders else []
        return [json.loads(line) for line in whole]

    def processes(self) -> list[int]:
        """Living processes of this home besides the program itself: workers, and whatever they started."""
        mark = f"CARELABEL_HOME={self.home}\0".encode()
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdigit() and mark in (folder / "environ").read_bytes() + b"\0":
                    words = (folder / "cmdline").read_bytes()
                    if (words and b"carelabel.worker.main" in words) or b"sleep" in words:
                        found.append(int(folder.name))
        return found

    def wait_until_alone(self) -> None:
        """Wait until no process of this home is left; fail when one stays."""
        deadline = time.monotonic() + GIVE_UP_S
        while left := self.processes():
            assert time.monotonic() < deadline, f"processes {left} outlive their run"
            time.sleep(0.02)


def wait_for_line(process: subprocess.Popen[str], words: str) -> str:
    """Read the program's stderr up to a line that holds the words; gives everything read."""
    assert process.stderr is not None
    read = ""
    for line in process.stderr:
        read += line
        if words in line:
            return read
    message = f"the program ended without saying {words!r}: {read}"
    raise AssertionError(message)


def end(process: subprocess.Popen[str], number: signal.Signals) -> Ended:
    """Send a signal and wait for the end."""
    process.send_signal(number)
    out, err = process.communicate(timeout=GIVE_UP_S)
    return Ended(code=process.returncode, out=out, err=err)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """A place at which the witness plugin stops, as long as there is a file of that name in the program's home."""

    program: Program
    name: str

    def set(self) -> None:
        """Have it stop there."""
        self.program.home.mkdir(parents=True, exist_ok=True)
        (self.program.home / f"hold-{self.name}").touch()

    def wait(self, process: subprocess.Popen[str]) -> None:
        """Wait until a worker has come there."""
        while not (self.program.home / f"held-{self.name}").exists():
            if process.poll() is not None:
                _, err = process.communicate()
                message = f"the program ended before it came to {self.name}: {err}"
                raise AssertionError(message)
            time.sleep(0.01)

    def free(self) -> None:
        """Let it go on."""
        (self.program.home / f"hold-{self.name}").unlink()
