"""Values for the figures of a label that carelabel has no part in: textbook formulas, timeit, /proc, file sizes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.flow import formulas as f
from tests.flow.answers import Answers, ask

if TYPE_CHECKING:
    from tests.subjects import Case

ALONE = """
import json, sys, time
begin = time.perf_counter()
import resource
def resident():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) * 1024
bare = resident()
import importlib.metadata, pickle, tracemalloc, numpy as np, sklearn, sklearn.ensemble
imported = time.perf_counter() - begin
path, data = sys.argv[1:]
def load():
    begin = time.perf_counter()
    with open(path, "rb") as file:
        model = pickle.load(file)
    return model, time.perf_counter() - begin
model, first = load()
held = resident() - bare
loads = sorted(load()[1] for _ in range(5))
x = np.load(data)["X"]
begin = time.perf_counter()
model.predict(x[:1])
first_call = time.perf_counter() - begin
owners = importlib.metadata.packages_distributions()
names = {name for module in {m.partition(".")[0] for m in sys.modules} for name in owners.get(module, ())}
names -= {"carelabel", "pip", "setuptools"}
sizes = [f.locate().stat().st_size for n in names for f in importlib.metadata.files(n) or () if f.locate().exists()]
many = np.tile(x, (1 + 1024 // len(x), 1))
def fastest(rows):
    best = float("inf")
    for start in range(0, 200):
        batch = many[start % (len(many) - rows) :][:rows]
        begin = time.perf_counter()
        model.predict(batch)
        best = min(best, time.perf_counter() - begin)
    return best
def asked():
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for start in (0, 128, 256):
        model.predict(many[start:][:128])
    return tracemalloc.get_traced_memory()[1] - before
print(json.dumps({"imported": imported, "first": first, "load": loads[2], "held": held, "first_call": first_call,
    "size": sum(sizes), "names": len(names), "one": fastest(1), "many": fastest(64),
    "offline": 1024 / fastest(1024), "asked": asked()}))
"""

WITHIN = 1.25
"""Fastest times and memory of two processes agree within this factor on a machine that does nothing else."""

WITHIN_SHORT = 1.5
"""As above for a first call, which happens once in a process, and for a load of 0.2 ms, to which the backend adds the
opening and checking of the file."""

WITHIN_NATIVE = 2.0
"""tracemalloc sees what Python and NumPy ask for; memray sees what any library of the process asks for."""

ARENA = 1 << 20
"""Bytes that Python's allocator asks for at a time: in some processes the step comes while memray looks."""

COLD = """
import pickle, sys, time, numpy as np
with open(sys.argv[1], "rb") as file:
    model = pickle.load(file)
model.predict(np.load(sys.argv[2])["X"][:1])
print(time.monotonic())
"""


def independent_values(case: Case) -> list[dict[str, Any]]:
    """Rows of test, quantity, at, value, relative tolerance (or factor) and source, for the original."""
    answers = ask(case)
    rows = [_exact("resources.size", "model_size", case.model.stat().st_size, "size of the file")]
    rows += _quality(case.task, answers)
    if case.name == "forest":
        rows += _resources(case)
    return rows


def _exact(test: str, quantity: str, value: float, source: str, **at: Any) -> dict[str, Any]:
    return {"test": test, "quantity": quantity, "at": at, "value": value, "relative": 1e-9, "source": source}


def _within(test: str, quantity: str, value: float, source: str, factor: float = WITHIN, **at: Any) -> dict[str, Any]:
    return {"test": test, "quantity": quantity, "at": at, "value": value, "factor": factor, "source": source}


def _quality(task: str, answers: Answers) -> list[dict[str, Any]]:
    truth, labels = answers.truth, answers.labels
    if task == "regression":
        names = ("mse", "rmse", "mae", "max_error", "mape", "r2")
        return [_metric(name, getattr(f, name)(truth, labels)) for name in names]
    if task == "clustering":
        return [
            _metric("adjusted_rand", f.adjusted_rand(truth, labels)),
            _metric("silhouette", f.silhouette(answers.rows.tolist(), labels)),
        ]
    return [*_of_labels(truth, labels), *_of_scores(answers)]


def _metric(name: str, value: float) -> dict[str, Any]:
    return _exact(f"quality.{name.replace('_', '-')}", name, value, f"formulas.{name} on the model's own answers")


def _of_labels(truth: Any, labels: Any) -> list[dict[str, Any]]:
    per_class = {"precision": f.precision, "recall": f.recall, "f1": f.f1}
    return [
        _metric("accuracy", f.accuracy(truth, labels)),
        _metric("balanced_accuracy", f.balanced_accuracy(truth, labels)),
        _exact("quality.confusion-matrix", "error_rate", f.error_rate(truth, labels), "1 - accuracy"),
        *(_metric(f"{name}_macro", f.macro(figure, truth, labels)) for name, figure in per_class.items()),
        *(_metric(f"{name}_weighted", f.weighted(figure, truth, labels)) for name, figure in per_class.items()),
        *(
            _exact("quality.per-class", name, figure(truth, labels, each), f"formulas.{name}", **{"class": each})
            for name, figure in per_class.items()
            for each in sorted(set(truth))
        ),
    ]


def _of_scores(answers: Answers) -> list[dict[str, Any]]:
    rows = []
    truth, classes = answers.truth, answers.classes
    if answers.probabilities is not None:
        rows = [
            _metric("log_loss", f.log_loss(truth, answers.probabilities, classes)),
            _metric("roc_auc", f.roc_auc(truth, answers.probabilities, classes)),
        ]
        rows = [{**row, "relative": answers.relative} for row in rows]
        shown = classes if len(classes) > 2 else classes[1:]
        for each in shown:
            column = [row[list(classes).index(each)] for row in answers.probabilities]
            area = f.auc([t == each for t in truth], column)
            source = "chance that a row of the class scores above another"
            rows.append(_exact("quality.roc-curve", "roc_auc_of_class", area, source, **{"class": each}))
    if answers.decision is not None:
        area = f.auc([t == classes[1] for t in truth], answers.decision)
        rows.append(_metric("roc_auc_decision", area))
    return rows


def _resources(case: Case) -> list[dict[str, Any]]:
    """Of the forest: its trees counted by hand, and one process that loads and asks it without carelabel."""
    import pickle  # noqa: PLC0415 - only here

    trees = [each.tree_ for each in pickle.loads(case.model.read_bytes()).estimators_]
    leaves = sum(int((tree.children_left < 0).sum()) for tree in trees)
    splits = sum(tree.node_count for tree in trees) - leaves
    words = [sys.executable, "-c", ALONE, str(case.model), str(case.model.parent / "test.npz")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    clock = "time.perf_counter in a process of its own"
    return [
        _exact(
            "resources.parameters", "parameters", splits + leaves * 4, "thresholds, and a share of 4 classes a leaf"
        ),
        _within("resources.latency", "latency_min", seen["one"], clock, batch=1),
        _within("resources.latency", "latency_min", seen["many"], clock, batch=64),
        _within("resources.load", "load_time", seen["load"], clock, WITHIN_SHORT),
        _within("resources.load", "import_time", seen["imported"], clock),
        _within("resources.load", "first_call", seen["first_call"], clock, WITHIN_SHORT),
        _within(
            "resources.cold-start", "cold_start", _cold_start(case), "six processes, from their start to an answer"
        ),
        _within("resources.memory", "resident_after_load", seen["held"], "VmRSS of a process that imported and loaded"),
        _exact("resources.footprint", "dependency_size", seen["size"], "files of the distributions in sys.modules"),
        _exact("resources.footprint", "dependency_count", seen["names"], "distributions in sys.modules"),
        _requested(seen["asked"]),
        _within("resources.scenarios", "scenario_throughput", seen["offline"], clock, scenario="offline"),
    ]


def _requested(value: float) -> dict[str, Any]:
    source = "tracemalloc over three calls"
    row = _within("resources.memray", "peak_requested", value, source, WITHIN_NATIVE, batch=128)
    return {**row, "plus": ARENA}


def _cold_start(case: Case) -> float:
    """Median seconds; the clock is one for all processes of the system."""
    words = [sys.executable, "-c", COLD, str(case.model), str(case.model.parent / "test.npz")]
    found = []
    for _ in range(6):
        begin = time.monotonic()
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        found.append(float(done.stdout) - begin)
    return statistics.median(found)
