"""The code behind the witness plugin; it runs in workers."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.model.facts import InputType, ModelFacts
from carelabel.plugin.interfaces import Artefact, Measurement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from carelabel.data.rows import DataSet, Rows
    from carelabel.plugin.interfaces import ConvertContext, PlatformSpec, PointRounds, TestContext

TURN_S = 0.01


def hold(name: str) -> None:
    """Stop here as long as a test wants it, and say so: by files in the home."""
    wish = Path(os.environ["CARELABEL_HOME"]) / f"hold-{name}"
    if wish.exists():
        wish.with_name(f"held-{name}").touch()
    while wish.exists():
        time.sleep(0.01)


class Predictor:
    """1 where w.x + b is positive. A restless one turns its first three answers round in every second call.

    One that forks leaves a process of its own that never ends; one that becomes another program leaves that, with
    nothing in its environment, and its number in a file.
    """

    input_type = InputType(container="array", dtype="float64", shape=(2,))
    predict_proba = None
    decision_function = None

    def __init__(self, spec: dict[str, Any]) -> None:
        self.native = spec
        self.calls = 0
        if spec.get("becomes") and os.fork() == 0:
            os.setsid()
            Path(spec["becomes"]).write_text(str(os.getpid()), encoding="utf-8")
            os.execve("/bin/sleep", ["sleep", "600"], {})  # noqa: S606 - nothing of this environment is left
        if spec.get("forks") and os.fork() == 0:
            while True:
                time.sleep(60)

    def prepare(self, rows: Rows) -> np.ndarray:
        return rows.array("float64")

    def predict(self, x: np.ndarray) -> np.ndarray:
        if len(x) > 1:  # loading asks for one row
            hold("predict")
        bias = float(os.environ.get("WITNESS_BIAS", self.native["bias"]))
        answers: np.ndarray = (x @ self.native["weights"] + bias > 0).astype(int)
        self.calls += 1
        if self.native.get("restless") and self.calls % 2 == 0:
            answers[:3] = 1 - answers[:3]
        return answers

    def close(self) -> None:
        pass


class Backend:
    def inspect(self, path: Path, data: DataSet) -> ModelFacts | None:
        hold("inspect")
        spec = json.loads(path.read_text(encoding="utf-8"))
        return ModelFacts(
            framework="witness",
            format="witness-line",
            family="linear",
            estimator="Line",
            task="classification",
            input_type=Predictor.input_type,
            n_features=len(spec["weights"]),
            classes=(0, 1),
        )

    def load(self, artefact: Artefact, platform: PlatformSpec) -> Predictor:
        hold("load")
        return Predictor(json.loads(artefact.path.read_text(encoding="utf-8")))


def copy(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    hold("copy")
    path = out / "model.witness"
    shutil.copyfile(artefact.path, path)
    return Artefact(path=path, format="witness-copy", facts=artefact.facts, input_type=artefact.input_type)


def agreement(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    hold("agreement")
    return float((y_true == y_pred).mean())


def modules(context: TestContext) -> Iterator[Measurement]:
    found = sorted({name.partition(".")[0] for name in sys.modules})
    where = {"type": "modules", "pid": os.getpid(), "modules": found, "affinity": sorted(os.sched_getaffinity(0))}
    yield Measurement(quantity="modules", value=len(found), method="counted", detail=where)


def waits(context: TestContext) -> Iterator[Measurement]:
    hold("waits")
    yield Measurement(quantity="waits", value=1, method="held", detail={"type": "worker", "pid": os.getpid()})


def fresh(context: TestContext) -> Iterator[Measurement]:
    hold("fresh")
    yield Measurement(quantity="fresh", value=1, method="held", detail={"type": "worker", "pid": os.getpid()})


class Turns:
    """Every turn appends its begin and end to the file that CARELABEL_WITNESS names."""

    def setup(self, context: TestContext) -> Sequence[dict[str, int]]:
        context.live()
        return [{"point": 0}]

    def turn(self, point: int) -> dict[str, Any]:
        begin = time.monotonic_ns()
        hold("turns")
        time.sleep(TURN_S)
        end = time.monotonic_ns()
        if path := os.environ.get("CARELABEL_WITNESS"):
            line = f"{os.environ['CARELABEL_HOME']} {begin} {end}\n".encode()
            with Path(path).open("ab", buffering=0) as file:
                file.write(line)  # one write of an appended line: lines of several processes do not mix
        return {"seconds": (end - begin) / 1e9, "pid": os.getpid()}

    def statistic(self, samples: dict[str, Any]) -> float:
        return float(samples["seconds"])

    def summarise(self, rounds: PointRounds) -> Iterator[Measurement]:
        paired = rounds.original is not None
        detail = {"type": "rounds", "paired": paired, "rounds": len(rounds.own)}
        yield Measurement(quantity="turns", value=len(rounds.own), at=rounds.at, method="counted", detail=detail)
