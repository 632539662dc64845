"""The cells: which candidate is measured by which test on which platform, and the rule for each that is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carelabel.plan.match import Rejected, match
from carelabel.plan.records import Cell, Skip
from carelabel.plugin.records import ORIGINAL, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from carelabel.base.host import Host
    from carelabel.model.facts import Subject
    from carelabel.plan.records import PlannedCandidate, PlannedPlatform, PlannedTest
    from carelabel.plugin.records import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """The axes of the cross product; `records` are those behind `tests`, by id."""

    subject: Subject
    host: Host
    candidates: Sequence[PlannedCandidate]
    platforms: Sequence[PlannedPlatform]
    tests: Sequence[PlannedTest]
    records: Mapping[str, Record]


def cells_of(grid: Grid) -> tuple[tuple[Cell, ...], tuple[Skip, ...]]:
    """All cells in the order in which they are measured, and what of the cross product is left out."""
    found = [item for test in grid.tests for item in _of_test(grid, test)]
    cells = [item for item in found if isinstance(item, Cell)]
    skips = dict.fromkeys(item for item in found if isinstance(item, Skip))
    tests = {test.id: test for test in grid.tests}
    order = {item.id: number for number, item in enumerate(grid.candidates)}
    where = {item.id: number for number, item in enumerate(grid.platforms)}

    def position(cell: Cell) -> tuple[int, int, str, int]:
        return (_phase(tests[cell.test]), where.get(cell.platform or "", -1), cell.test, order[cell.candidate])

    return tuple(sorted(cells, key=position)), tuple(skips)


def _phase(test: PlannedTest) -> int:
    """Scores first, then the live workers (once, then paired), then fresh ones: the order of a list, not of a run."""
    if test.place == "scorer":
        return 0
    if test.place == "fresh":
        return 3
    return 1 if test.style == "once" else 2


def _of_test(grid: Grid, test: PlannedTest) -> Iterator[Cell | Skip]:
    for candidate in grid.candidates:
        if not _concerns(test, candidate):
            continue
        verdict = match(grid.records[test.id], grid.subject, grid.host, framework=candidate.framework)
        if isinstance(verdict, Rejected):
            codes = "+".join(reason.code for reason in verdict.reasons)
            yield Skip(what=f"{candidate.id}/*/{test.id}", code=codes, text=verdict.text, hint=verdict.hint)
        elif test.scope == "cell":
            yield from _on_platforms(grid, test, candidate)
        else:
            yield Cell(candidate=candidate.id, platform=None, test=test.id)


def _concerns(test: PlannedTest, candidate: PlannedCandidate) -> bool:
    """A subject's test is about the original; the reference is there for what is rated on a platform."""
    if candidate.id == REFERENCE:
        return test.scope == "cell"
    return test.scope != "subject" or candidate.id == ORIGINAL


def _on_platforms(grid: Grid, test: PlannedTest, candidate: PlannedCandidate) -> Iterator[Cell | Skip]:
    for platform in grid.platforms:
        missing = grid.records[test.id].runs_on - frozenset(platform.tags)
        if platform.id not in candidate.backends:
            text = f"no backend of {candidate.format} runs on {platform.id}"
            yield Skip(what=f"{candidate.id}/{platform.id}/*", code="hardware", text=text)
        elif missing:
            text = f"{test.id} runs on {', '.join(sorted(missing))}, which {platform.id} is not"
            yield Skip(what=f"*/{platform.id}/{test.id}", code="hardware", text=text)
        else:
            yield Cell(candidate=candidate.id, platform=platform.id, test=test.id)
