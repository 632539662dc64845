"""A/A: the same model twice in one label, and the same label twice.

Two copies of a model are candidates of one label: the interval of their ratio holds 1, and their letters overlap. Then
the label is made again: for each form the ratio to the original, of time and of processor time, is taken in both; the
median over batch sizes of how far the second label's is from the first one's is at most 3 %.

The models are a forest on digits, whose ONNX form fits into a second-level cache, and the demo's forest of 10 MB, which
does not: where the third level and the memory are shared with other machines, its times are theirs as well.

Each candidate is measured in `PROCESSES` processes, since two processes of one program differ for as long as they live.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from _labels import demo, labelled, options
from _tables import Report, spread
from _trained import MODELS, digits, save

if TYPE_CHECKING:
    from collections.abc import Iterator

LABELS = 2
PROCESSES = 6
PAIRED_S = 18.0
BATCHES = [1, 16, 128]
WITHIN = 0.03
RATIOS = ("latency_ratio", "cpu_ratio")
SUITE = {
    "name": "aa",
    "summary": "The model, a copy of it and its ONNX form.",
    "tests": {"groups": [], "include": ["resources.latency", "resources.memory", "quality.accuracy"]},
    "converters": {"kinds": ["reference"], "include": ["copies.copy", "onnx.skl2onnx"]},
    "caps": {"depth": 1},
    "platforms": ["cpu-1t"],
    "parameters": {"resources.latency": {"batch_sizes": BATCHES}},
    "paired_s": PAIRED_S,
    "processes": PROCESSES,
}


@contextlib.contextmanager
def suite() -> Iterator[str]:
    """The suite as a file, and the plugin of the copy where this process and its workers find it."""
    copies = str(Path(__file__).parent / "copies")
    sys.path.insert(0, copies)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (copies, os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aa.yaml"
        path.write_text(yaml.safe_dump(SUITE), encoding="utf-8")
        yield str(path)


def figures(label: dict[str, Any], quantity: str, candidate: str) -> dict[int, dict[str, Any]]:
    """Rows of one quantity of a candidate by batch size."""
    return {
        row["at"]["batch"]: row
        for row in label["measurements"]
        if (row["quantity"], row["candidate"]) == (quantity, candidate) and row["value"] is not None
    }


def letters(label: dict[str, Any], candidate: str) -> dict[str, set[str]]:
    """Letters of every rated property: a range such as A-B is both."""
    return {
        row["property"]: set(row["letter"].split("-"))
        for row in label["ratings"]
        if row["candidate"] == candidate and row["letter"] != "n/a"
    }


def contended(label: dict[str, Any]) -> str:
    """How many points of the label say that other work was running."""
    rows = [row for row in label["measurements"] if row["quantity"] == "latency_p50"]
    return f"{sum('contended' in row['flags'] for row in rows)} of {len(rows)}"


def copies(report: Report, model: str, labels: list[dict[str, Any]]) -> None:
    """The copy over the original in each label."""
    report.head(
        f"Two copies of a model in one label: {model}",
        ["label", "figure", "batch", "copy over original (interval)", "rounds", "holds 1"],
    )
    held = []
    for number, label in enumerate(labels, start=1):
        for quantity in RATIOS:
            for batch, row in figures(label, quantity, "copy").items():
                low, high = row["interval"] or (row["value"], row["value"])
                held.append(low <= 1 <= high)
                interval = f"{row['value']:.3f} ({low:.3f} to {high:.3f})"
                report.row(str(number), quantity, str(batch), interval, str(row["n"]), "yes" if held[-1] else "no")
    report.row("all", "intervals that hold 1", "", f"{sum(held)} of {len(held)}")


def overlapping(report: Report, model: str, labels: list[dict[str, Any]]) -> None:
    """Letters of the copy and of the original, in one label and across two."""
    report.head(f"Letters: {model}", ["of", "and of", "pairs that overlap", "letters", "at least 95 %"])
    pairs = [(f"original, label {i}", one, f"copy, label {i}", one) for i, one in enumerate(labels, start=1)]
    pairs += [("original, label 1", labels[0], f"copy, label {i}", other) for i, other in enumerate(labels[1:], 2)]
    for first, one, second, other in pairs:
        ours, theirs = letters(one, "original"), letters(other, "copy")
        same = [name for name in ours if ours[name] & theirs.get(name, set())]
        shown = ", ".join(f"{name} {'-'.join(sorted(found))}" for name, found in ours.items())
        report.row(first, second, f"{len(same)} of {len(ours)}", shown, holds=len(same) >= 0.95 * len(ours))


def again(report: Report, model: str, labels: list[dict[str, Any]]) -> None:
    """Each label's ratios to the original over those of the first."""
    columns = ["form", "figure", "label", "over the first: median (range)", "contended", "within 3 %"]
    report.head(f"The same label twice: {model}", columns)
    for candidate in ("onnx", "copy"):
        for quantity in RATIOS:
            first = figures(labels[0], quantity, candidate)
            for number, label in enumerate(labels[1:], start=2):
                other = figures(label, quantity, candidate)
                ratios = [other[batch]["value"] / first[batch]["value"] for batch in first if batch in other]
                close = abs(statistics.median(ratios) - 1) <= WITHIN
                report.row(candidate, quantity, str(number), spread(ratios), contended(label), holds=close)


def main() -> int:
    """Make the labels and compare them."""
    report = Report()
    with suite() as path, demo() as folder:
        small = folder.parent / "digits"
        save(digits((), quick=False), MODELS["forest, depth 10"](digits((), quick=False)), small)
        for model, place in (("forest on digits", small), ("forest on MNIST", folder)):
            labels = [labelled(options(place, suite=path))[0] for _ in range(LABELS)]
            copies(report, model, labels)
            overlapping(report, model, labels)
            again(report, model, labels)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
