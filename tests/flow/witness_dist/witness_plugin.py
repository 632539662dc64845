"""A plugin that sees how a run goes: a model that needs numpy only, and tests that note where and when they run."""

from __future__ import annotations

from carelabel import ANY, Backend, Converter, Metric, Quantity, Test, hookimpl

TASKS = frozenset({"classification"})
FRAMEWORKS = frozenset({"witness"})


@hookimpl
def carelabel_backends() -> list[Backend]:
    return [
        Backend(
            name="line",
            summary="a straight line between two classes, as JSON",
            entry="witness_code:Backend",
            tasks=TASKS,
            frameworks=FRAMEWORKS,
            formats=frozenset({"witness-line", "witness-copy"}),
            suffixes=(".witness",),
            framework="witness",
        )
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    return [
        Converter(
            name=name,
            summary="the same line in another file",
            entry="witness_code:copy",
            tasks=TASKS,
            frameworks=FRAMEWORKS,
            cost="cheap",
            source=frozenset({"witness-line"}),
            target="witness-copy",
            conversion="format",
            slug=name,
            lossless=True,
        )
        for name in ("copy", "second", "third")
    ]


@hookimpl
def carelabel_metrics() -> list[Metric]:
    return [
        Metric(
            name="agreement",
            summary="share of rows that are answered right",
            entry="witness_code:agreement",
            tasks=TASKS,
            frameworks=ANY,
            needs=frozenset({"labels"}),
            cost="cheap",
            input="labels",
            better="higher",
            range=(0.0, 1.0),
            group="witness",
        )
    ]


@hookimpl
def carelabel_tests() -> list[Test]:
    return [
        _test("modules", "what is imported where a candidate is timed", "cell", "modules"),
        _test("fresh", "a stop in a worker of its own", "cell", "fresh", place="fresh"),
        _test("waits", "a stop in the live worker", "candidate", "waits"),
        _test("turns", "when turns begin and end", "cell", "Turns", style="paired"),
    ]


def _test(name: str, summary: str, scope: str, code: str, **more: object) -> Test:
    figure = Quantity(name=name.replace("-", "_"), unit="1", better=None, group="witness", meaning=summary)
    return Test(
        name=name,
        summary=summary,
        entry=f"witness_code:{code}",
        tasks=ANY,
        frameworks=ANY,
        cost="cheap",
        group="witness",
        scope=scope,
        quantities=(figure,),
        **{"place": "candidate", **more},
    )
