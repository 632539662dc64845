"""What measuring costs: the figures with and without this program, and the parent while a worker takes turns.

* A plain script that loads the pickle and times ``predict`` on the same rows, on the same processor, in turns with a
  worker of this program that is frozen in between: the medians differ by at most 2 %.
* The parent's processor time while a worker takes turns is less than 2 % of a core.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from _labels import demo, options, setting
from _tables import Report, percent, spread

from carelabel import pipeline
from carelabel.jsonable import to_json
from carelabel.measure.stats import paired_ratio
from carelabel.run.environment import THREAD_VARIABLES
from carelabel.run.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.pipeline import Planned

BATCHES = (1, 64)
ROUNDS = 60
CALM = 0.02
LEAST_CALM = 15
SOON = 120.0
TEST = "resources.latency"

PLAIN = """
import gc, json, os, pickle, statistics, sys, time
import numpy as np
model_path, data, processors = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
os.sched_setaffinity(0, processors)
with open(model_path, "rb") as file:
    model = pickle.load(file)
rows = np.load(data)["X"].astype(np.float32)
gc.disable()
place = 0

def waited():
    return int(open("/proc/self/schedstat").read().split()[1]) / 1e9

for line in sys.stdin:
    batch, seconds = json.loads(line)
    before, begin, readings = waited(), time.perf_counter(), []
    while not readings or time.perf_counter() - begin < seconds:
        x = rows[place:place + batch]
        place = (place + batch) % (len(rows) - batch)
        used, start = time.process_time(), time.perf_counter()
        model.predict(x)
        readings.append((time.perf_counter() - start, time.process_time() - used))
    wall, cpu = (statistics.median(column) for column in zip(*(readings[1:] or readings)))
    print(json.dumps([wall, cpu, (waited() - before) / (time.perf_counter() - begin)]))
    sys.stdout.flush()
"""


class Turn(NamedTuple):
    """Medians of a call's wall and processor time in seconds, and the share of waiting."""

    wall: float
    cpu: float
    waiting: float


class Plain:
    """The script without this program around it."""

    def __init__(self, folder: Path, processors: list[int]) -> None:
        words = [
            sys.executable,
            "-c",
            PLAIN,
            str(folder / "model.pkl"),
            str(folder / "test.npz"),
            json.dumps(processors),
        ]
        threads = dict.fromkeys(THREAD_VARIABLES, "1")
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **threads}
        )

    def turn(self, batch: int) -> Turn:
        """Take one."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            sys.exit("the plain script must have its pipes")
        stdin.write(json.dumps([batch, 0.05]) + "\n")
        stdin.flush()
        return Turn(*json.loads(stdout.readline()))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def open_worker(planned: Planned, folder: Path) -> tuple[Session, list[dict[str, Any]], list[int]]:
    """A candidate worker of the original on one processor, set up for the latency test; its points and processor."""
    plan, subject = planned.plan, planned.subject
    platform = next(item for item in plan.platforms if item.id == "cpu-1t")
    original, test = plan.candidate("original"), to_json(plan.test(TEST))
    session = Session.spawn("candidate", name="isolation", log=folder / "worker.log", platform=platform)
    facts = to_json(subject.model)
    artefact = {"path": str(folder / "model.pkl"), "format": subject.model.format, "facts": facts}
    session.ask(
        "open",
        SOON,
        candidate="original",
        artefact={**artefact, "input_type": facts["input_type"]},
        backend_entry=original.backend_entry,
        platform=to_json(platform),
        facts=facts,
        task=plan.task,
        data={"test": subject.test.folder, "train": None},
        scratch=str(folder / "scratch"),
        seed=0,
        timing_rows=1000,
        meters=[],
    )
    points = session.ask("setup", SOON, test=test)["points"]
    processors = session.ask("hello", SOON)["affinity"]
    session.freeze()
    return session, points, processors


def turn(session: Session, point: int) -> Turn:
    """One turn as a run takes it: thaw, ask, freeze."""
    session.thaw()
    samples = session.ask("turn", SOON, test=TEST, point=point)["samples"]
    session.freeze()
    waiting = (samples["wait_s"] or 0.0) / samples["turn_s"]
    return Turn(statistics.median(samples["wall"]), statistics.median(samples["cpu"]), waiting)


def with_and_without(report: Report, session: Session, plain: Plain, points: list[dict[str, Any]]) -> None:
    """The same call inside a worker and inside a plain script, in shuffled rounds.

    Wall times are compared over rounds in which nobody waited; processor times over all of them.
    """
    columns = ["batch", "clock", "worker over plain script (95 % interval)", "worker, ms", "plain, ms", "rounds"]
    report.head("Figures with and without this program", [*columns, "within 2 %"])
    order = random.Random(0)
    for point, at in enumerate(points):
        rounds: list[dict[str, Turn]] = []
        for _ in range(ROUNDS):
            found = {}
            for who in order.sample(["worker", "plain"], 2):
                found[who] = turn(session, point) if who == "worker" else plain.turn(at["batch"])
            rounds.append(found)
        calm = [found for found in rounds if max(item.waiting for item in found.values()) <= CALM]
        _compare(report, f"{at['batch']} | processor", [(r["worker"].cpu, r["plain"].cpu) for r in rounds])
        _compare(report, f"{at['batch']} | wall, calm rounds", [(r["worker"].wall, r["plain"].wall) for r in calm])


def _compare(report: Report, name: str, pairs: list[tuple[float, float]]) -> None:
    if len(pairs) < LEAST_CALM:
        report.row(name, "the machine is too busy to compare", "", "", str(len(pairs)), "")
        return
    ours, theirs = zip(*pairs, strict=True)
    ratio = paired_ratio(ours, theirs)
    low, high = ratio.interval or (0.0, 9.0)
    off = (ratio.value or 0.0) - 1
    interval = f"{percent(off)} ({percent(low - 1)} to {percent(high - 1)})"
    report.row(name, interval, spread(ours, 1e3), spread(theirs, 1e3), str(len(pairs)), holds=abs(off) <= 0.02)  # noqa: PLR2004 - the figure in the claim


def parent(report: Report, session: Session, points: list[dict[str, Any]]) -> None:
    """Processor time of this process over the wall time of turns."""
    report.head("The parent during turns", ["turns", "seconds", "of a core", "below 2 %"])
    before, begin = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    for number in range(2 * ROUNDS):
        turn(session, number % len(points))
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report.row(str(2 * ROUNDS), f"{seconds:.1f}", f"{used / seconds:.2%}", holds=used / seconds < 0.02)  # noqa: PLR2004 - as above


def main() -> int:
    """Both tables."""
    report = Report()
    with demo() as folder:
        sizes = setting(TEST, "batch_sizes", list(BATCHES))
        planned = pipeline.plan(options(folder, only=(TEST, "original"), settings=(sizes,)))
        session, points, processors = open_worker(planned, folder)
        plain = Plain(folder, processors)
        try:
            with_and_without(report, session, plain, points)
            parent(report, session, points)
        finally:
            plain.close()
            session.close()
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
