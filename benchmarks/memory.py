"""Memory against known allocations and against memray.

* 100 MiB that are touched are read within 2 %, also in a child of a parent that holds 500 MiB, and after a higher peak.
* The same workloads under memray, in processes of their own, interleaved; memray counts what is requested, so a block
  that nobody touches is a difference that must be there.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from _tables import Report, percent, spread

ROUNDS = 7
MIB = 1 << 20

WORKLOADS = {
    "100 MiB, touched": "block = bytearray(100 << 20); block[::4096] = b'x' * len(block[::4096])",
    "two of 50 MiB, one after the other": (
        "for _ in range(2):\n        block = bytearray(50 << 20); block[::4096] = b'x' * len(block[::4096]); del block"
    ),
    "array of 64 MiB and its square": "a = numpy.ones(8 << 20); b = a * a",
    "100 MiB, never touched": "block = numpy.empty(100 << 20, dtype=numpy.uint8)",
}
OURS = """
import json, numpy
from carelabel.measure.memory import peak_of
def work():
    {work}
print(json.dumps(peak_of(work)[1].bytes))
"""
MEMRAY = """
import json, memray, numpy, sys
def work():
    {work}
with memray.Tracker(sys.argv[1]):
    work()
reader = memray.FileReader(sys.argv[1])
print(json.dumps(reader.metadata.peak_memory))
"""
BIG_PARENT = """
import subprocess, sys
block = bytearray(500 << 20)
block[::4096] = b"x" * len(block[::4096])
print(subprocess.run([sys.executable, "-c", {program!r}], check=True, capture_output=True, text=True).stdout)
"""
HIGHER_BEFORE = "block = bytearray(300 << 20); block[::4096] = b'x' * len(block[::4096]); del block\n"


def bytes_of(program: str, *arguments: str) -> int:
    """What a program prints last."""
    done = subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True)
    return int(json.loads(done.stdout.strip().splitlines()[-1]))


def known(report: Report) -> None:
    """A known allocation in three situations."""
    program = OURS.format(work=WORKLOADS["100 MiB, touched"])
    situations = {
        "alone": program,
        "child of a parent with 500 MiB": BIG_PARENT.format(program=program),
        "after an earlier peak of 300 MiB": HIGHER_BEFORE + program,
    }
    report.head("100 MiB, touched", ["situation", "read, MiB: median (range)", "off by", "within 2 %"])
    for name, text in situations.items():
        found = [bytes_of(text) / MIB for _ in range(ROUNDS)]
        off = statistics.median(found) / 100 - 1
        report.row(name, spread(found), percent(off), holds=abs(off) <= 0.02)  # noqa: PLR2004 - the figure in the claim


def against_memray(report: Report) -> None:
    """The same work, both tools, in shuffled rounds."""
    order = random.Random(0)
    report.head("against memray", ["workload", "ours over memray: median (range)", "ours, MiB", "memray, MiB"])
    for name, work in WORKLOADS.items():
        ours, theirs = [], []
        for _ in range(ROUNDS):
            for tool in order.sample(["ours", "memray"], 2):
                if tool == "ours":
                    ours.append(bytes_of(OURS.format(work=work)))
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    theirs.append(bytes_of(MEMRAY.format(work=work), str(Path(folder) / "memray.bin")))
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        report.row(name, spread(ratios), spread(ours, 1 / MIB), spread(theirs, 1 / MIB))
        if "never" not in name and abs(statistics.median(ratios) - 1) > 0.05:  # noqa: PLR2004 - pages and an interpreter's own
            report.failed.append(f"{name} against memray")


def main() -> int:
    """Both tables."""
    report = Report()
    known(report)
    against_memray(report)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
