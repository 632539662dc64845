"""How long the demo's label takes, where the time goes, and how large the label becomes.

* The second run with the same home, when conversions and compiled kernels are there, within 40 s on two cores.
* What no worker accounts for is at most 15 % of it.
* The parent uses less than 2 % of a core while candidates take turns.
"""

from __future__ import annotations

import sys

from _labels import demo, labelled, options
from _tables import Report

from carelabel.label.packing import written

RUNS = 2


def main() -> int:
    """A table of the runs, one of the last run's time, one of the parent."""
    report = Report()
    columns = ["run", "seconds", "forms", "measured figures", "null", "own overhead", "bytes", "within 40 s"]
    report.head("The demo's label, suite quick", columns)
    with demo() as folder:
        for number in range(RUNS):
            label, watch, seconds = labelled(options(folder))
            spent = label["accounting"]
            share = spent["overhead"] / spent["total"]
            nulls = sum(row["value"] is None for row in label["measurements"])
            report.row(
                "first" if number == 0 else "later",
                f"{seconds:.1f}",
                str(len(label["candidates"])),
                str(len(label["measurements"]) - nulls),
                str(nulls),
                f"{share:.1%}",
                str(len(written(label))),
                holds=None if number == 0 else seconds <= 40,  # noqa: PLR2004 - the figure in the claim
            )
            if share > 0.15:  # noqa: PLR2004 - as above
                report.failed.append("own overhead of at most 15 %")
    report.head("Where the time of the last run went", ["what", "seconds", "share"])
    for name, value in sorted(spent.items(), key=lambda item: -item[1]):
        report.row(name, f"{value:.2f}", f"{value / spent['total']:.1%}")
    report.head("The parent while candidates take turns", ["phase", "seconds", "of a core", "below 2 %"])
    for name, (length, used) in watch.shares("latency").items():
        report.row(name, f"{length:.1f}", f"{used:.2%}", holds=used < 0.02)  # noqa: PLR2004 - as above
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
