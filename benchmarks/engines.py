"""How fast every engine runs a model, next to the library it was trained with, and what a label of engines takes.

Forests of 100 trees (depth 10 and unlimited), gradient and histogram boosting, SVC, MLP and CNN, on digits, MNIST,
50,000 x 50 synthetic rows, California housing and CIFAR-10. The forms are those of suite engines, made by the plugins'
own converters and called through their backends, on one thread and on all. Every form takes a turn in each round, in
shuffled order; a ratio is the median over rounds of the original's time over the form's (above 1: faster than the
original), with the smallest and the largest of a round. Figures of forms that are not the same model are struck out.

First a label of the MNIST forest, twice: at least 6 forms on two platforms within 60 s, and the second time, with
conversions and the inspection's facts taken over, at most 30 % of the first's time before anything is measured
(inspecting, converting, predicting, scoring; what workers import and load to be measured belongs to measuring).

    python benchmarks/engines.py [--quick] [--parts digits label ...] [--data california_housing.csv cifar10.zip]
        [--data california_housing.csv cifar10_jpeg_5k_1k.zip]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _forms import Forms, Turns, forms_of
from _labels import Watch, demo, labelled, options
from _tables import Report
from _trained import DATA, MODELS, Table, save

from carelabel.base.host import probe_host
from carelabel.plan import ORIGINAL, REFERENCE
from carelabel.plan.platforms import platforms_of
from carelabel.plugin.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carelabel.base.host import Host
    from carelabel.plugin.registry import Registry

BATCHES = ("1", "64", "1024")
ROUNDS, QUICK_ROUNDS = 5, 3
QUICK = ("digits",)
LABEL = "label"
PARTS = (LABEL, *DATA)
LABEL_S, LEAST_FORMS, LEAST_PLATFORMS, OUTSIDE = 60, 6, 2, 0.3
ON_PLAIN_ROWS = ("forest, depth 10", "forest, unlimited", "gradient boosting", "histogram boosting", "SVC", "MLP")
CHOSEN: Mapping[str, Sequence[str]] = {
    "digits": (*ON_PLAIN_ROWS, "CNN"),
    "mnist": (*ON_PLAIN_ROWS, "CNN"),
    "synthetic": ON_PLAIN_ROWS,
    "housing": ON_PLAIN_ROWS,
    "cifar": ("forest, depth 10", "MLP", "CNN"),
}


def main() -> int:
    """The label, then tables of engines: what these leave in this process would slow the label's workers down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one small data set, few rounds, no label")
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="files that no registry has")
    parser.add_argument("--parts", nargs="*", choices=PARTS, help="these data sets, or the label; all by default")
    arguments = parser.parse_args()
    arguments.parts = arguments.parts or (QUICK if arguments.quick else PARTS)
    report, begin = Report(), time.monotonic()
    if LABEL in arguments.parts:
        label(report)
    else:
        print("\nThe label is not measured: it is not among the parts that were asked for")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CARELABEL_HOME"] = f"{folder}/home"
        engines(report, arguments, Path(folder))
    print(f"\n{time.monotonic() - begin:.0f} s in all")
    return report.exit_code()


def engines(report: Report, arguments: argparse.Namespace, folder: Path) -> None:
    """A table for each data set."""
    registry, host = discover(), probe_host()
    platforms = [item for item in platforms_of(host, registry)[0] if "cuda" not in item.tags]
    turns = {item.id: Turns(item) for item in sorted(platforms, key=lambda item: item.threads)}
    for name in (part for part in arguments.parts if part in DATA):
        table = DATA[name](arguments.data, quick=arguments.quick)
        heads = [f"{platform}, batch {batch}" for platform in turns for batch in BATCHES]
        report.head(table if isinstance(table, str) else table.name, ["model", "form", "same model?", *heads])
        if isinstance(table, str):
            report.row(name, table)
            continue
        for model in CHOSEN[name]:
            one(report, arguments, turns, (registry, host, table, model, folder / name / model))
    for process in turns.values():
        process.close()


def one(
    report: Report,
    arguments: argparse.Namespace,
    turns: Mapping[str, Turns],
    what: tuple[Registry, Host, Table, str, Path],
) -> None:
    """Rows of one model: the original's microseconds a row, then each form's ratio to it."""
    registry, host, table, model, folder = what
    forms = forms_of(registry, host, *save(table, MODELS[model](table), folder))
    rounds = QUICK_ROUNDS if arguments.quick else ROUNDS
    found = {platform: process.take(forms, rounds) for platform, process in turns.items()}
    for candidate in forms.plan.candidates:
        report.row(model, *cells(forms, found, candidate.id))


def cells(forms: Forms, found: Mapping[str, Any], name: str) -> list[str]:
    """Form, parity, and one cell for each platform and batch size."""
    if name in forms.refused:
        return [name, f"not made: {forms.refused[name]}"]
    errors = {of[name]["error"] for of in found.values() if "error" in of.get(name, {})}
    if errors:
        return [name, f"not measured: {'; '.join(sorted(errors))}"]
    parity = {of[name]["parity"] for of in found.values()}
    figures = [_figure(of, name, batch) for of in found.values() for batch in BATCHES]
    if "different" in parity:
        figures = [f"~~{figure}~~" for figure in figures]
    return [name, "" if name == ORIGINAL else "/".join(sorted(parity)), *figures]


def _figure(of: Mapping[str, Any], name: str, batch: str) -> str:
    own, original = of[name]["times"][batch], of[ORIGINAL]["times"][batch]
    if name == ORIGINAL:
        return f"{statistics.median(own) * 1e6:.3g} µs a row"
    ratios = sorted(theirs / mine for mine, theirs in zip(own, original, strict=True))
    return f"{statistics.median(ratios):.3g} ({ratios[0]:.3g} to {ratios[-1]:.3g})"


def before_measuring(watch: Watch) -> float:
    """Seconds until the first phase that measures: inspecting, converting, predicting, scoring. They come first."""
    begins = {name: moments[0][0] for name, moments in watch.phases.items()}
    first = min(begin for name, begin in begins.items() if name.startswith("measuring"))
    return first - min(begins.values())


def label(report: Report) -> None:
    """The label of the MNIST forest in every engine, twice."""
    columns = ["run", "forms", "platforms", "seconds", "outside measuring", "must hold", "holds"]
    report.head("A label of the MNIST forest, suite engines", columns)
    spent = []
    with demo() as folder:
        for number, must in enumerate((f"within {LABEL_S} s", f"outside at most {OUTSIDE:.0%} of the first's")):
            found, watch, seconds = labelled(options(folder, suite="engines"))
            spent.append(found["accounting"])
            outside = before_measuring(watch)
            built = [item for item in found["candidates"] if item["status"] == "built" and item["id"] != REFERENCE]
            enough = len(built) >= LEAST_FORMS and len(found["platforms"]) >= LEAST_PLATFORMS
            if number == 0:
                first, holds = outside, seconds <= LABEL_S
            else:
                holds = outside <= OUTSIDE * first
            shown = (f"{seconds:.1f}", f"{outside:.1f} s", must)
            report.row(
                "later" if number else "first",
                str(len(built)),
                str(len(found["platforms"])),
                *shown,
                holds=enough and holds,
            )
    report.head("Where the time went", ["what", "first run, s", "second run, s"])
    for name in sorted(set(spent[0]) | set(spent[1]), key=lambda name: -spent[0].get(name, 0.0)):
        report.row(name, *(f"{account.get(name, 0.0):.1f}" for account in spent))


if __name__ == "__main__":
    sys.exit(main())
