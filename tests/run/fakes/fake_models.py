"""A backend whose model files are JSON: {"kind": how the model behaves}."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.errors import LoadError
from carelabel.model.facts import InputType, ModelFacts
from carelabel.plugin.interfaces import Artefact, BoundaryRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel.data.rows import DataSet, Rows
    from carelabel.plugin.interfaces import ConvertContext, PlatformSpec

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
DAEMON = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
FLOOD = 200 << 20


def pipes_to_write_on() -> list[int]:
    """Descriptors of this process that are the writing end of a pipe, without stdout and stderr."""
    found = []
    for entry in list(Path("/proc/self/fd").iterdir()):
        try:
            target, info = str(entry.readlink()), Path(f"/proc/self/fdinfo/{entry.name}").read_text()
        except OSError:
            continue  # the one of the listing itself
        mode = int(next(line.split()[1] for line in info.splitlines() if line.startswith("flags")), 8) & 3
        is_log = target == str(Path("/proc/self/fd/2").readlink())
        if target.startswith("pipe:") and mode == 1 and not is_log:
            found.append(int(entry.name))
    return found


def hang(folder: Path) -> None:
    child = subprocess.Popen(SLEEPER)
    (folder / "grandchild").write_text(str(child.pid))
    time.sleep(600)


def start_daemon(folder: Path) -> None:
    """A process in a session of its own, whose parent has ended: nothing but its environment says where it is from."""
    subprocess.run([sys.executable, "-c", DAEMON, *SLEEPER, str(folder)], check=True)


def hang_with_daemon(folder: Path) -> None:
    start_daemon(folder)
    time.sleep(600)


def leave_forked_child(_: Path) -> None:
    if os.fork() == 0:
        time.sleep(600)
    os._exit(7)


def leave_child_forked_by_c(_: Path) -> None:
    """No hook of Python's runs, so this child holds the worker's pipes open."""
    if ctypes.CDLL(None).fork() == 0:
        time.sleep(600)
    os._exit(7)


def look_for_pipes_in_a_fork(_: Path) -> None:
    child = os.fork()
    if child == 0:
        os._exit(len(pipes_to_write_on()))
    found = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if found:
        throw(ValueError(f"a forked child can write on {found} pipes"))


def noise(_: Path) -> None:
    sys.stdout.write("hello from the model\n")
    sys.stderr.write('{"id": 1, "ok": true, "result": {}}\n')
    subprocess.run(["/bin/echo", "hello from its child"], check=True)


def flood(_: Path) -> None:
    line = "x" * (1 << 16)
    for _ in range(FLOOD >> 16):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write("the last words\n")


def close_pipe(_: Path) -> None:
    for number in pipes_to_write_on():
        os.close(number)
    time.sleep(600)


def write_on_pipe(_: Path) -> None:
    for number in pipes_to_write_on():
        os.write(number, b"not an answer\n")


def answer_for_the_worker(folder: Path) -> None:
    for number in pipes_to_write_on():
        os.write(number, (folder / "says").read_bytes() + b"\n")


def throw(error: BaseException) -> None:
    raise error


class Panic(BaseException):
    """As extension modules raise."""


MISDEEDS: dict[str, Callable[[Path], object]] = {
    "segfault": lambda _: ctypes.string_at(0),
    "os-exit": lambda _: os._exit(0),
    "sys-exit": lambda _: sys.exit("done"),
    "abort": lambda _: os.abort(),
    "killed": lambda _: os.kill(os.getpid(), 9),
    "hang": hang,
    "hang-with-daemon": hang_with_daemon,
    "start-daemon": start_daemon,
    "leave-forked-child": leave_forked_child,
    "leave-child-forked-by-c": leave_child_forked_by_c,
    "look-for-pipes-in-a-fork": look_for_pipes_in_a_fork,
    "noise": noise,
    "flood": flood,
    "close-pipe": close_pipe,
    "write-on-pipe": write_on_pipe,
    "answer-for-the-worker": answer_for_the_worker,
    "memory": lambda _: throw(MemoryError()),
    "raise": lambda _: throw(ValueError("the model's\nown words")),
    "base-exception": lambda _: throw(Panic("rust says no")),
}


def misbehave(kind: str, folder: Path) -> None:
    if kind in MISDEEDS:
        MISDEEDS[kind](folder)


Table = np.ndarray
ANSWERS: dict[str, Callable[[Table, Table], Table]] = {
    "wrong-shape": lambda x, first: np.zeros((len(x), 3)) if len(x) > 1 else first.astype(int),
    "wrong-type": lambda x, _: np.array([None] * len(x)),
    "numbers-for-classes": lambda _, first: first.astype(int) + 7,
    "random": lambda x, _: np.random.default_rng().integers(0, 2, len(x)),
    "batch-dependent": lambda x, _: np.full(len(x), int(len(x) > 2)),
    "nan": lambda x, first: np.where(first, np.nan, x[:, 0]),
    "text": lambda _, first: np.array(["yes" if item else "no" for item in first], dtype=object),
}


class Predictor:
    input_type = InputType(container="array", dtype="float64", shape=(2,))
    native = None
    decision_function = None

    def __init__(self, spec: dict[str, Any], folder: Path) -> None:
        self.spec = spec
        self.folder = folder
        self.predict_proba = self._proba if spec.get("proba") else None

    def prepare(self, rows: Rows) -> Table:
        return rows.array("float64")

    def predict(self, x: Table) -> Table:
        kind = self.spec["kind"]
        misbehave(kind, self.folder)
        first = x[:, 0] > self.spec.get("threshold", 0.5)
        return ANSWERS[kind](x, first) if kind in ANSWERS else first.astype(int)

    def _proba(self, x: Table) -> Table:
        p = 1.0 / (1.0 + np.exp(-(x[:, 0] - 0.5)))
        if self.spec["proba"] == "beyond one":
            p = np.where(x[:, 0] > 0.9, 2.0, p)
        return np.column_stack([p, p, p] if self.spec["proba"] == "three columns" else [1 - p, p])

    def close(self) -> None:
        pass


class Backend:
    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        if path.suffix != ".fake":
            return None
        spec = json.loads(path.read_text())
        if spec["kind"] == "unloadable":
            msg = "the file must be whole, found half of it"
            raise LoadError(msg, "send it again")
        misbehave(spec["kind"], path.parent)
        return ModelFacts(
            framework="fake",
            format="fake",
            family="stump",
            estimator="Fake",
            task="classification",
            input_type=Predictor.input_type,
            n_features=data.facts.features,
            classes=(0, 1),
        )

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:
        return Predictor(json.loads(artefact.path.read_text()), artefact.path.parent)

    def boundary_rows(self, predictor: Predictor, data: DataSet, limit: int, seed: int) -> BoundaryRows | None:
        threshold = predictor.spec.get("threshold")
        if threshold is None:
            return None
        rows = np.array([[threshold, 0.0], [np.nextafter(np.float32(threshold), 1), 0.0]])
        return BoundaryRows(rows=rows[:limit], on_threshold=np.array([True, False]))


class OddFacts(Backend):
    """The kind of the file names what is odd about its facts."""

    def inspect(self, path: Path, data: DataSet) -> Any:
        kind = json.loads(path.read_text())["kind"]
        path.write_text(json.dumps({"kind": "good"}))
        facts = super().inspect(path, data)
        odd: dict[str, Any] = {"estimator": {"estimator": None}, "warnings": {"warnings": (1,)}}
        return dict(vars(type(facts))) if kind == "type" else replace(facts, **odd[kind])


class NotMine(Backend):
    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        return None


def convert(artefact: Artefact, out: Path, context: ConvertContext, *, name: str = "model.fake") -> Artefact:
    spec = json.loads(artefact.path.read_text())
    misbehave(spec.get("converting", ""), out)
    if spec.get("converting") == "hungry":
        np.ones(1 << 30)
    loaded = context.load()
    path = out / name
    path.write_text(json.dumps({**loaded.spec, "seed": context.seed, "rows": len(context.test)}))
    return replace(artefact, path=path, format="fake-2")


def convert_nothing(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    return Artefact(path=out / "nothing", format="fake-2", facts=artefact.facts)


def convert_oddly(artefact: Artefact, out: Path, context: ConvertContext, **odd: Any) -> Artefact:
    return replace(convert(artefact, out, context), **odd)
