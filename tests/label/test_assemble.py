"""A label can be written whatever the run had to do with: file names may hold halves of characters."""

from __future__ import annotations

import json

from carelabel.label.assemble import assemble
from carelabel.label.packing import written
from carelabel.label.scale import load_scale
from carelabel.plan import ORIGINAL
from carelabel.plan.build import build_plan
from carelabel.plan.outcomes import Built, Outcome, Outcomes, Reason
from carelabel.plan.suite import load_suite
from tests.factories import make_host, make_options, make_registry, make_subject


def test_half_characters_are_escaped_wherever_they_come_from() -> None:
    registry, subject, host = make_registry(), make_subject(), make_host()
    options = make_options(argv=("carelabel", "run", "model\udcff.wood"))
    plan = build_plan(registry, subject, host, load_suite("engines"), options)
    failed = Outcome(
        candidate=ORIGINAL,
        platform="cpu-1t",
        test=plan.tests[0].id,
        status="failed",
        reason=Reason(code="exception", text="no file \udcff"),
    )
    outcomes = Outcomes(
        built=tuple(Built(candidate=item.id, status="built") for item in plan.candidates),
        cells=(failed,),
        accounting={},
        environment={"lock": "machine", "resumed": True},
        sensors=(),
        folder="runs/x",
    )
    label = assemble(registry, subject, host, plan, outcomes, options, load_scale("default"))
    document = json.loads(written(label.to_dict()))
    assert document["reproduce"]["argv"][-1] == "model\\udcff.wood"
    assert document["outcomes"][0]["reason"]["text"] == "no file \\udcff"
