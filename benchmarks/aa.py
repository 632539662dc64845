"""The same label twice: how far do two runs agree?

* For every platform and batch size the ratio of a form to the original is taken in both runs; the median over all of
  them differs by at most 3 %, and so does that of the processor-time ratio.
* Letters of both runs overlap.
"""

from __future__ import annotations

import itertools
import statistics
import sys
from typing import Any

from _labels import demo, labelled, options, setting
from _tables import Report, spread

RUNS = 3
FIGURES = ("latency_ratio", "cpu_ratio", "latency_p50", "cpu_time")


def figures(label: dict[str, Any], quantity: str, platform: str) -> dict[tuple[Any, ...], float]:
    """Values of one quantity on one platform by candidate and place."""
    return {
        (row["candidate"], *sorted(row["at"].items())): row["value"]
        for row in label["measurements"]
        if (row["quantity"], row["platform"]) == (quantity, platform) and row["value"] is not None
    }


def letters(label: dict[str, Any]) -> dict[tuple[str, str, str], set[str]]:
    """Letters of every rated property: a range such as A-B is both."""
    return {
        (row["candidate"], row["platform"], row["property"]): set(row["letter"].split("-"))
        for row in label["ratings"]
        if row["letter"] != "n/a"
    }


def main() -> int:
    """Compare each run with the first."""
    report = Report()
    with demo() as folder:
        given = options(
            folder,
            only=("resources.latency", "original", "onnx", "reference", "cpu-*"),
            settings=(setting("resources.latency", "batch_sizes", [1, 16, 128]),),
            budget_s=30.0,
        )
        labels = [labelled(given)[0] for _ in range(RUNS)]
    columns = ["figure", "platform", "run over the first", "median (range) over points", "contended", "within 3 %"]
    report.head("The same label twice", columns)
    for quantity, platform in itertools.product(FIGURES, [item["id"] for item in labels[0]["platforms"]]):
        first = figures(labels[0], quantity, platform)
        for number, label in enumerate(labels[1:], start=2):
            again = figures(label, quantity, platform)
            ratios = [again[key] / first[key] for key in first if key in again]
            rows = [r for r in label["measurements"] if (r["quantity"], r["platform"]) == ("latency_p50", platform)]
            busy = sum("contended" in row["flags"] for row in rows)
            close = abs(statistics.median(ratios) - 1) <= 0.03  # noqa: PLR2004 - the figure in the claim
            report.row(
                quantity,
                platform,
                str(number),
                spread(ratios),
                f"{busy} of {len(rows)}",
                holds=close if quantity.endswith("ratio") else None,
            )
    report.head("Letters", ["run over the first", "overlap", "of", "all"])
    for number, label in enumerate(labels[1:], start=2):
        one, other = letters(labels[0]), letters(label)
        same = sum(bool(one[key] & other[key]) for key in one if key in other)
        report.row(str(number), str(same), str(len(one)), holds=same >= 0.95 * len(one))
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
