"""What the benchmarks print: a markdown table a topic, every figure beside what it must be."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(kw_only=True, slots=True)
class Report:
    """Rows of tables as they come, and whether all of them hold."""

    failed: list[str] = field(default_factory=list)
    columns: int = 0

    def head(self, title: str, columns: Sequence[str]) -> None:
        """Begin a table."""
        self.columns = len(columns)
        print(f"\n### {title}\n\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}", flush=True)

    def row(self, *cells: str, holds: bool | None = None) -> None:
        """Print a row; the last column says whether it holds what it must, when it must hold something."""
        verdict = {True: ["yes"], False: ["NO"], None: []}[holds]
        if holds is False:
            self.failed.append(cells[0])
        filled = [*cells, *verdict, *[""] * (self.columns - len(cells) - len(verdict))]
        print(f"| {' | '.join(filled)} |", flush=True)

    def exit_code(self) -> int:
        """Zero when everything held."""
        if self.failed:
            print(f"\ndid not hold: {', '.join(self.failed)}")
        return 1 if self.failed else 0


def spread(values: Iterable[float], scale: float = 1.0, digits: int = 4) -> str:
    """Median with the smallest and largest value."""
    ordered = sorted(value * scale for value in values)
    middle = statistics.median(ordered)
    return f"{middle:.{digits}g} ({ordered[0]:.{digits}g} to {ordered[-1]:.{digits}g})"


def percent(value: float) -> str:
    """A share as a signed percentage."""
    return f"{value * 100:+.2f} %"
