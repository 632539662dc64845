"""Which tests and metrics take part, with which parameters, limits and budget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from carelabel.plan.given import Given, rejected
from carelabel.plan.match import Rejected
from carelabel.plan.records import Cell, PlannedTest, Skip
from carelabel.plugin.records import Metric, Quantity, Test

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class ChosenTests:
    """Tests and metrics of the plan, their records by id, and what is left out."""

    tests: tuple[PlannedTest, ...]
    records: Mapping[str, Test | Metric]
    skipped: tuple[Skip, ...]


def choose_tests(given: Given) -> ChosenTests:
    """Take the tests and metrics that are wanted and apply to the subject on some candidate."""
    everything: dict[str, Test | Metric] = {**given.registry.tests(), **given.registry.metrics()}
    limited = given.choice.limits(everything)
    records: dict[str, Test | Metric] = {}
    skips = []
    for identifier, record in sorted(everything.items()):
        what = f"*/*/{identifier}"
        verdict = given.match(record)
        if not given.choice.wants(identifier, limited=limited, by_default=given.suite.tests.takes(identifier, record)):
            skips.append(given.not_taken(what, identifier, limited=limited))
        elif isinstance(verdict, Rejected) and any(reason.code != "framework" for reason in verdict.reasons):
            skips.append(rejected(what, verdict))  # its framework alone may still fit a conversion
        else:
            records[identifier] = record
    tests = tuple(_planned(given, identifier, record) for identifier, record in records.items())
    return ChosenTests(tests=tests, records=records, skipped=tuple(skips))


def with_budget(
    tests: Sequence[PlannedTest], cells: Sequence[Cell], paired_s: float, total_s: float | None
) -> tuple[PlannedTest, ...]:
    """Leave out tests without a cell and give every paired one its seconds on a platform.

    Fresh workers have none: their number of turns is fixed.

    Args:
        paired_s: The suite's seconds for one paired test on one platform.
        total_s: The user's seconds for all of them together, or None.
    """
    used = {cell.test for cell in cells}
    paired = {test.id for test in tests if test.style == "paired" and test.place == "candidate"}
    timed = {(cell.test, cell.platform) for cell in cells if cell.test in paired}
    share = paired_s if total_s is None else total_s / max(1, len(timed))
    return tuple(replace(test, budget_s=share) if test.id in paired else test for test in tests if test.id in used)


def _planned(given: Given, identifier: str, record: Test | Metric) -> PlannedTest:
    origin = given.registry.get(identifier)
    common: dict[str, Any] = {
        "id": identifier,
        "kind": record.kind,
        "entry": record.entry,
        "version": f"{origin.distribution} {origin.version}",
        "group": record.group,
        "parameters": given.parameters(identifier, record),
        "timeout_s": _timeout(given, record),
    }
    if isinstance(record, Metric):
        return PlannedTest(
            **common,
            scope="candidate",
            style="once",
            place="scorer",
            quantities=(_quantity(_figure(record)),),
            metric=_metric(record),
        )
    return PlannedTest(
        **common,
        scope=record.scope,
        style=record.style,
        place=record.place,
        reusable=record.reusable,
        quantities=tuple(_quantity(quantity) for quantity in record.quantities),
    )


def _timeout(given: Given, record: Test | Metric) -> float:
    limits = given.suite.timeouts
    by_cost = {"cheap": limits.cheap, "normal": limits.normal, "expensive": limits.expensive}
    own = record.timeout_s if isinstance(record, Test) else None
    return own or by_cost[record.cost]


def _figure(record: Metric) -> Quantity:
    return Quantity(
        name=record.name.replace("-", "_"),
        unit=record.unit,
        better=record.better,
        group=record.group,
        meaning=record.summary,
    )


def _quantity(quantity: Quantity) -> Mapping[str, Any]:
    return {name: getattr(quantity, name) for name in ("name", "unit", "better", "group", "meaning")}


def _metric(record: Metric) -> Mapping[str, Any]:
    return {
        "input": record.input,
        "better": record.better,
        "range": list(record.range),
        "on_features": record.on_features,
        "name": record.name.replace("-", "_"),
        "unit": record.unit,
    }
