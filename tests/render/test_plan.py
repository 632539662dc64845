"""A plan on a terminal."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from carelabel.plan import Cell, Plan, PlannedCandidate, PlannedPlatform, PlannedTest, Skip
from carelabel.render.plan import render_plan


def candidate(identifier: str, **changes: Any) -> PlannedCandidate:
    fields: dict[str, Any] = {
        "parent": None,
        "converter": None,
        "entry": "",
        "backend": "acme.wood",
        "framework": "woodwork",
    }
    return PlannedCandidate(id=identifier, backend_entry="acme:Wood", format="wood", **{**fields, **changes})


PLAN = Plan(
    inputs={},
    host={},
    versions={},
    suite="quick",
    task="classification",
    seed=0,
    resamples=200,
    budget_s=None,
    candidates=(
        candidate("original"),
        candidate("thin", parent="original", converter="acme.plane", parameters={"passes": 2}, lossless=False),
    ),
    platforms=(PlannedPlatform(id="cpu-1t", tags=("cpu",), threads=1, pin=1),),
    tests=(
        PlannedTest(
            id="acme.bend",
            kind="test",
            entry="acme:bend",
            version="1.0",
            group="resources",
            scope="cell",
            style="paired",
            place="candidate",
            parameters={"force": [1, 2]},
            quantities=(),
            timeout_s=60.0,
            budget_s=6.0,
        ),
    ),
    cells=(Cell(candidate="original", platform="cpu-1t", test="acme.bend"),),
    skipped=(
        Skip(what="*/*/acme.burn", code="task", text="burn is for task regression", hint="try another"),
        Skip(what="*+int8", code="suite-cap", text="the suite ends at 2 candidates"),
        Skip(what="*+int4", code="suite-cap", text="the suite ends at 2 candidates"),
    ),
)


def draw(*, explain: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=100, highlight=False)
    for part in render_plan(PLAN, explain=explain):
        console.print(part)
    return "\n".join(" ".join(line.split()) for line in stream.getvalue().splitlines())


def test_a_plan_says_what_would_run() -> None:
    text = draw(explain=False)
    assert "Suite quick, task classification: 2 candidates, 1 platform, 1 test, 1 cell to measure." in text
    assert "original the submitted model, loaded by acme.wood" in text
    assert "thin from original by acme.plane (passes=2), may differ" in text
    assert "cpu-1t 1 thread, cpu" in text
    assert "acme.bend 1 cell, test, paired, 6 s a platform" in text


def test_what_is_left_out_is_counted_by_rule() -> None:
    assert draw(explain=False).endswith("Left out: 2 by suite-cap, 1 by task (--explain says why)")


def test_explain_gives_every_reason_and_parameter() -> None:
    text = draw(explain=True)
    assert "*/*/acme.burn burn is for task regression (try another)" in text
    assert "*+int8 the suite ends at 2 candidates" in text
    assert "*+int4 the suite ends at 2 candidates" in text
    assert "acme.bend 1 cell, test, paired, 6 s a platform (force=[1, 2])" in text
