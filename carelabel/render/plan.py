"""A plan on a terminal: the cross product, what is left out, and with `explain` every parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from carelabel.plan import Plan, PlannedCandidate, PlannedPlatform, PlannedTest


def render_plan(plan: Plan, *, explain: bool) -> Iterator[RenderableType]:
    """What would run, in order; then what would not.

    Args:
        explain: Give the reason of each thing that is left out, and the parameters of each test.
    """
    yield Text(_summary(plan))
    yield ""
    yield from _table("Candidates", [_candidate(item) for item in plan.candidates])
    yield from _table("Platforms", [_platform(item) for item in plan.platforms])
    yield from _table("Tests and metrics", [_test(item, plan, explain=explain) for item in plan.tests])
    if plan.skipped and explain:
        yield from _table("Left out", [(f"{it.what}", _with_hint(it.text, it.hint)) for it in plan.skipped])
    elif plan.skipped:
        counts: dict[str, int] = {}
        for skip in plan.skipped:
            counts[skip.code] = counts.get(skip.code, 0) + 1
        words = ", ".join(f"{number} by {code}" for code, number in sorted(counts.items()))
        yield Text(f"Left out: {words} (--explain says why)")


def _summary(plan: Plan) -> str:
    return (
        f"Suite {plan.suite}, task {plan.task}: {_count(len(plan.candidates), 'candidate')}, "
        f"{_count(len(plan.platforms), 'platform')}, {_count(len(plan.tests), 'test')}, "
        f"{_count(len(plan.cells), 'cell')} to measure."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _table(title: str, rows: Sequence[tuple[str, str]]) -> Iterator[RenderableType]:
    if not rows:
        return
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, show_header=False, padding=(0, 2, 0, 0)
    )
    table.add_column(overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    yield table
    yield ""


def _candidate(item: PlannedCandidate) -> tuple[str, str]:
    if item.converter is None:
        return item.id, f"the submitted model, loaded by {item.backend}"
    loss = "lossless" if item.lossless else "may differ"
    return item.id, f"from {item.parent} by {item.converter}{_parameters(item.parameters)}, {loss}"


def _platform(item: PlannedPlatform) -> tuple[str, str]:
    return item.id, f"{_count(item.threads, 'thread')}, {' '.join(item.tags)}"


def _test(item: PlannedTest, plan: Plan, *, explain: bool) -> tuple[str, str]:
    cells = _count(sum(cell.test == item.id for cell in plan.cells), "cell")
    budget = f", {item.budget_s:g} s a platform" if item.budget_s is not None else ""
    how = f"{item.kind}, {item.style}{budget}" if item.kind == "test" else item.kind
    return item.id, f"{cells}, {how}{_parameters(item.parameters) if explain else ''}"


def _parameters(parameters: Mapping[str, Any]) -> str:
    return f" ({', '.join(f'{name}={value}' for name, value in parameters.items())})" if parameters else ""


def _with_hint(text: str, hint: str) -> str:
    return f"{text} ({hint})" if hint else text
