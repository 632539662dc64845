"""How fast our own kernel evaluates trees, next to ONNX Runtime, Treelite's GTIL and scikit-learn.

One process, one thread, the same float32 rows, called from Python. Every engine takes a turn in each round, in
shuffled order, after an untimed call; rows rotate, for the same row again flatters every engine at batch 1. A ratio
is the median over rounds of ONNX Runtime's time over the engine's, so above 1 is faster than ONNX Runtime. The last
table holds every figure against what it must be; it is worth something on a machine that has nothing else to do, and
the last line says how far that was so.

    python benchmarks/trees.py [--quick] [--data california_housing.csv] [--rounds 15] [--models forest-10,...]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _tables import Report
from _trees import CASES, PATHS, REFERENCE, TWO, Case, engines, paths, synthetic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCHES = (1, 64, 1024)
TURN_S = 0.05
TARGETS = {"forest-10": (8.0, 9.0, 10.0), "forest-unlimited": (7.0, 8.0, 8.0), "boosting-3": (12.0, 25.0, 28.0)}
AVX2 = 5.0
PORTABLE = 1.0
THREADS = 1.7
THREAD_ROUNDS = 4
COMPILE_S = 15.0
PACK_S, PACK_NODES = 2.0, 1_200_000
MEMORY = 2.0

Verdict = tuple[str, str, str, bool]
"""What, how much it must be, how much it is, whether that holds."""


def main() -> int:
    """Train, time, print the tables as markdown."""
    arguments = parse_arguments()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    report = Report()
    verdicts = [compiling()]
    before = processor_seconds()
    report.head(
        "Ratio to ONNX Runtime, one thread each (microseconds a row in brackets)",
        ("model", "engine", *(f"batch {batch}" for batch in BATCHES)),
    )
    for name in arguments.models:
        case = CASES[name](arguments)
        if case is None:
            report.row(name, "skipped: no data (pass --data)")
            continue
        verdicts += [*timed(case, arguments.rounds, report), *packed(case)]
    cost_by_size(arguments, report)
    report.head("What must hold", ("what", "must be", "is", "holds"))
    for *cells, holds in verdicts:
        report.row(*cells, holds=holds)
    print(f"\nOther processes used {foreign(before):.2f} processors meanwhile, of {os.cpu_count()}.")
    return report.exit_code()


def parse_arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small models, few rounds")
    parser.add_argument("--data", type=Path, help="California housing as CSV, target in the ninth column")
    parser.add_argument("--rounds", type=int, help="rounds of turns")
    parser.add_argument("--models", type=lambda text: text.split(","), default=list(CASES))
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (5 if arguments.quick else 15)
    return arguments


def compiling() -> Verdict:
    """Seconds the kernel takes to compile in an empty cache."""
    from carelabel_fastinference.build import build  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        build(Path(folder))
        seconds = time.perf_counter() - start
    return "kernel compiled, once per machine", f"<= {COMPILE_S:g} s", f"{seconds:.1f} s", seconds <= COMPILE_S


def timed(case: Case, rounds: int, report: Report) -> Iterator[Verdict]:
    """A row for each engine, and what must hold of them."""
    calls = engines(case)
    ratios: dict[str, list[float]] = {name: [] for name in calls}
    cells: dict[str, list[str]] = {name: [] for name in calls}
    for batch in BATCHES:
        times = measure(calls, case.rows, batch, rounds)
        for name, samples in times.items():
            ratios[name].append(median_ratio(times[REFERENCE], samples))
            cells[name].append(f"{ratios[name][-1]:.1f} ({statistics.median(samples) * 1e6:.2f})")
    for name, row in cells.items():
        report.row(case.name, name, *row)
    wanted = {best(): TARGETS.get(case.name)} if best() == PATHS[0] else {}
    wanted |= {"avx2": (AVX2,) * len(BATCHES), "portable": (PORTABLE,) * len(BATCHES)}
    for path, least in wanted.items():
        if least is not None and path in paths():
            for batch, found, bound in zip(BATCHES, ratios[f"native, {path}"], least, strict=True):
                yield (
                    f"{case.name}, {path}, batch {batch}, to ONNX Runtime",
                    f">= {bound:g}",
                    f"{found:.1f}",
                    found >= bound,
                )
    if case.name in TARGETS:
        pair = {name: calls[name] for name in (f"native, {best()}", TWO)}
        yield two_threads(case, pair, THREAD_ROUNDS * rounds)


def best() -> str:
    """The path that runs when none is asked for."""
    return paths()[0]


def two_threads(case: Case, calls: dict[str, Callable[[np.ndarray], Any]], rounds: int) -> Verdict:
    """What the second thread brings at the largest batch, in rounds of these two alone."""
    times = measure(calls, case.rows, BATCHES[-1], rounds)
    one, two = times.values()
    ratio = median_ratio(one, two)
    found = f"{ratio:.2f} (fastest rounds {min(one) / min(two):.2f})"
    return f"{case.name}, two threads to one, batch {BATCHES[-1]}", f">= {THREADS:g}", found, ratio >= THREADS


def median_ratio(reference: list[float], samples: list[float]) -> float:
    """Median over rounds of reference / sample."""
    return statistics.median(a / b for a, b in zip(reference, samples, strict=True))


def measure(
    calls: dict[str, Callable[[np.ndarray], Any]], rows: np.ndarray, batch: int, rounds: int
) -> dict[str, list[float]]:
    """Seconds a row of every engine in every round."""
    count = min(2000, max(1, len(rows) // batch))
    batches = [np.ascontiguousarray(rows[i * batch : (i + 1) * batch]) for i in range(count)]
    times: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    shuffle = random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            times[name].append(turn(calls[name], batches) / batch)
    return times


def turn(call: Callable[[np.ndarray], Any], batches: list[np.ndarray]) -> float:
    """Seconds a call, over TURN_S at least."""
    call(batches[0])
    per_check = max(1, 32 // len(batches[0]))
    at = done = 0
    start = time.perf_counter()
    while True:
        for _ in range(per_check):
            call(batches[at])
            at = (at + 1) % len(batches)
        done += per_check
        elapsed = time.perf_counter() - start
        if elapsed >= TURN_S:
            return elapsed / done


def packed(case: Case) -> Iterator[Verdict]:
    """Seconds and bytes of a packed model; its node table is what `carelabel_fastinference/kernel/pack.h` says."""
    from carelabel_fastinference import compile_model, read_ensemble  # noqa: PLC0415

    ensemble = read_ensemble(case.model)
    start = time.perf_counter()
    fast = compile_model(ensemble)
    seconds = time.perf_counter() - start
    if ensemble.n_nodes > PACK_NODES / 2:
        scaled = seconds * PACK_NODES / ensemble.n_nodes
        found = f"{scaled:.2f} s ({seconds:.2f} s for {ensemble.n_nodes})"
        yield f"{case.name}, packed per {PACK_NODES} nodes", f"<= {PACK_S:g} s", found, scaled <= PACK_S
    nodes = 8 * ensemble.n_nodes
    table = nodes + 8 * ensemble.n_leaves * ensemble.n_values
    for path in paths():
        fast = compile_model(ensemble, path=path)  # type: ignore[call-overload]
        found = f"{fast.nbytes / table:.2f} ({fast.nbytes / nodes:.2f} times 8 bytes a node)"
        yield (
            f"{case.name}, {path}, bytes to those of the node table",
            f"<= {MEMORY:g}",
            found,
            fast.nbytes <= MEMORY * table,
        )


def cost_by_size(arguments: argparse.Namespace, report: Report) -> None:
    """Cost of forests that differ in trees or depth, by the time of this processor alone.

    The first five levels of a tree are compared for a whole block of rows at once and cost a fixed amount; from there
    on it is the visits that cost, so the last column is what to look at.
    """
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

    from carelabel_fastinference import compile_model  # noqa: PLC0415

    x, y = synthetic(arguments)
    x, y = x[:20_000], y[:20_000]
    calls: dict[tuple[int, int], Callable[[np.ndarray], Any]] = {}
    visits = {}
    for size in ((100, 5), (100, 6), (100, 8), (100, 10), (100, 12), (50, 10), (200, 10)):
        model = RandomForestClassifier(size[0], max_depth=size[1], max_samples=0.5, random_state=0).fit(x, y)
        visits[size] = float(np.asarray(model.decision_path(x[:500])[0].sum(axis=1)).mean()) - size[0]
        calls[size] = compile_model(model).predict_proba
    batches = [x[i : i + 1024] for i in range(0, len(x) - 1023, 1024)]
    spent = {size: min(processor_turn(call, batches) for _ in range(9)) / 1024 for size, call in calls.items()}
    columns = ("trees x depth", "visits a row", "us a row", "ns a visit", "ns a visit beyond depth 5")
    report.head("Cost by size, batch 1024, one thread", columns)
    for (trees, depth), seconds in spent.items():
        fixed, within = spent[100, 5] * trees / 100, visits[100, 5] * trees / 100
        beyond = "" if depth == 5 else f"{(seconds - fixed) / (visits[trees, depth] - within) * 1e9:.2f}"  # noqa: PLR2004
        each = seconds / visits[trees, depth] * 1e9
        cells = (f"{trees} x {depth}", f"{visits[trees, depth]:.0f}", f"{seconds * 1e6:.3f}", f"{each:.2f}", beyond)
        report.row(*cells)


def processor_turn(call: Callable[[np.ndarray], Any], batches: list[np.ndarray]) -> float:
    """Seconds of this thread's processor time a call."""
    call(batches[0])
    start = time.thread_time()
    for batch in batches:
        call(batch)
    return (time.thread_time() - start) / len(batches)


def processor_seconds() -> tuple[float, float, float]:
    """Now; seconds that all processors have worked, and this process of them. Zeros where the system does not say."""
    own = time.process_time()
    try:
        fields = [int(field) for field in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    except OSError:
        return time.perf_counter(), 0.0, own
    idle = fields[3] + fields[4]
    return time.perf_counter(), (sum(fields) - idle) / os.sysconf("SC_CLK_TCK"), own


def foreign(before: tuple[float, float, float]) -> float:
    """Processors that others used since then, on average."""
    wall, busy, own = (now - then for now, then in zip(processor_seconds(), before, strict=True))
    return max(0.0, busy - own) / wall


if __name__ == "__main__":
    sys.exit(main())
