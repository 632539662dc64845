"""What measuring costs: the figures with and without this program, and the parent while a worker takes turns.

* Plain scripts that load the pickle and time ``predict`` on batches of the same rows, on the same processor, in turns
  with workers of this program that are frozen in between: the medians differ by at most 2 %.
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
from carelabel.base.json_codec import to_json
from carelabel.measure.stats import paired_ratio
from carelabel.process.environment import THREAD_VARIABLES
from carelabel.process.worker_handle import Session

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.pipeline import Planned

BATCHES = (1, 64)
ROUNDS = 25
PROCESSES = 4
PARENT_TURNS = 120
CALM = 0.02
LEAST_CALM = 9
SOON = 120.0
TEST = "resources.latency"

PLAIN = """
import gc, itertools, json, os, pickle, statistics, sys, time
import numpy as np
model_path, data, dtype, processors = *sys.argv[1:4], json.loads(sys.argv[4])
os.sched_setaffinity(0, processors)
with open(model_path, "rb") as file:
    model = pickle.load(file)
rows = np.load(data)["X"].astype(dtype)
gc.disable()
order, turns = np.random.default_rng(0).permutation(len(rows)), {}

def batches(size):
    if size not in turns:  # prepared copies in a random order, as a worker has them
        turns[size] = itertools.cycle([rows[order[at:at + size]] for at in range(0, len(rows) - size + 1, size)])
    return turns[size]

def waited():
    return int(open("/proc/self/schedstat").read().split()[1]) / 1e9

for line in sys.stdin:
    batch, seconds = json.loads(line)
    before, begin, readings = waited(), time.perf_counter(), []
    while not readings or time.perf_counter() - begin < seconds:
        x = next(batches(batch))
        used, start = time.process_time(), time.perf_counter()
        model.predict(x)
        readings.append((time.perf_counter() - start, time.process_time() - used))
    cold = 0
    while cold < 3 and sum(wall for wall, _ in readings[:cold]) < 0.005:
        cold += 1  # as many first calls as a turn leaves out
    wall, cpu = (statistics.median(column) for column in zip(*(readings[cold:] or readings)))
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

    def __init__(self, folder: Path, dtype: str, processors: list[int]) -> None:
        files = [str(folder / name) for name in ("model.pkl", "test.npz")]
        words = [sys.executable, "-c", PLAIN, *files, dtype, json.dumps(processors)]
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


def with_and_without(
    report: Report, workers: list[Session], scripts: list[Plain], points: list[dict[str, Any]]
) -> None:
    """The same call inside workers and inside plain scripts, several processes each, in shuffled rounds.

    Processes of one kind differ by where their memory lies, so the median over them stands for a round. Wall times are
    compared over rounds in which nobody waited; processor times over all of them.
    """
    columns = ["batch", "clock", "worker over plain script (95 % interval)", "worker, ms", "plain, ms", "rounds"]
    report.head("Figures with and without this program", [*columns, "within 2 %"])
    order = random.Random(0)
    for point, at in enumerate(points):
        rounds: list[dict[str, list[Turn]]] = []
        for _ in range(ROUNDS):
            found: dict[str, list[Turn]] = {"worker": [], "plain": []}
            for who in order.sample([*workers, *scripts], len(workers) + len(scripts)):
                if isinstance(who, Plain):
                    found["plain"].append(who.turn(at["batch"]))
                else:
                    found["worker"].append(turn(who, point))
            rounds.append(found)
        calm = [found for found in rounds if all(item.waiting <= CALM for kind in found.values() for item in kind)]
        _compare(report, (str(at["batch"]), "processor"), [_pair(found, "cpu") for found in rounds])
        _compare(report, (str(at["batch"]), "wall, calm rounds"), [_pair(found, "wall") for found in calm])


def _pair(found: dict[str, list[Turn]], clock: str) -> tuple[float, float]:
    middle = {kind: statistics.median(getattr(item, clock) for item in turns) for kind, turns in found.items()}
    return middle["worker"], middle["plain"]


def _compare(report: Report, name: tuple[str, str], pairs: list[tuple[float, float]]) -> None:
    if len(pairs) < LEAST_CALM:
        report.row(*name, "the machine is too busy to compare", "", "", str(len(pairs)))
        return
    ours, theirs = zip(*pairs, strict=True)
    ratio = paired_ratio(ours, theirs)
    low, high = ratio.interval or (0.0, 9.0)
    off = (ratio.value or 0.0) - 1
    interval = f"{percent(off)} ({percent(low - 1)} to {percent(high - 1)})"
    report.row(*name, interval, spread(ours, 1e3), spread(theirs, 1e3), str(len(pairs)), holds=abs(off) <= 0.02)  # noqa: PLR2004 - the figure in the claim


def parent(report: Report, session: Session, points: list[dict[str, Any]]) -> None:
    """Processor time of this process over the wall time of turns."""
    report.head("The parent during turns", ["turns", "seconds", "of a core", "below 2 %"])
    before, begin = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    for number in range(PARENT_TURNS):
        turn(session, number % len(points))
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report.row(str(PARENT_TURNS), f"{seconds:.1f}", f"{used / seconds:.2%}", holds=used / seconds < 0.02)  # noqa: PLR2004 - as above


def main() -> int:
    """Both tables."""
    report = Report()
    with demo() as folder:
        sizes = setting(TEST, "batch_sizes", list(BATCHES))
        planned = pipeline.plan(options(folder, only=(TEST, "original"), settings=(sizes,)))
        opened = [open_worker(planned, folder) for _ in range(PROCESSES)]
        workers, (_, points, processors) = [session for session, _, _ in opened], opened[0]
        dtype = planned.subject.model.input_type.dtype
        scripts = [Plain(folder, dtype, processors) for _ in range(PROCESSES)]
        try:
            with_and_without(report, workers, scripts, points)
            parent(report, workers[0], points)
        finally:
            for process in (*scripts, *workers):
                process.close()
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
