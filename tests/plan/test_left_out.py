"""Nothing is dropped in silence: each thing that a plan leaves out is told, by the rule that decided it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from carelabel.plan.suite import Suite, load_suite
from carelabel.plugin.records import ANY, Converter
from tests.factories import a_metric, a_test, backend, converter
from tests.plan.test_build import planned

if TYPE_CHECKING:
    from carelabel.plan import Plan

RIGHT = ("wood.accuracy", a_metric())
CHIP = (
    "wood.chip",
    converter(
        name="chip", conversion="quantise", slug="chips", source=frozenset({"planks"}), target="planks", lossless=False
    ),
)
THIN = ("wood.thin", converter(name="thin", conversion="prune", slug="thin", target="woodwork-file", lossless=False))


def suite(name: str, **changes: Any) -> Suite:
    given = load_suite(name)
    caps = given.caps.model_copy(update=changes.pop("caps", {}))
    return given.model_copy(update={"caps": caps, **changes})


def told(plan: Plan, what: str) -> list[tuple[str, str]]:
    return [(skip.code, skip.text) for skip in plan.skipped if skip.what == what]


def reference(name: str, target: str = "yardstick") -> Converter:
    return converter(name=name, conversion="reference", slug="reference", source=ANY, target=target, lossless=False)


@pytest.mark.parametrize("options", [{"only": ("cpu-1t",)}, {"skip": ("cpu-all",)}])
def test_a_platform_that_is_not_asked_for_is_told(options: dict[str, Any]) -> None:
    plan = planned(**options)
    assert [item.id for item in plan.platforms] == ["cpu-1t"]
    assert told(plan, "*/cpu-all/*") == [("not-asked", "--only or --skip leaves it out")]
    assert told(plan, "*/cpu-1t/*") == []


def test_a_platform_that_the_suite_leaves_out_is_told() -> None:
    plan = planned(suite=suite("engines", platforms=("cpu-1t",)))
    assert told(plan, "*/cpu-all/*") == [("suite", "suite engines does not take it")]


def test_what_only_limits_is_not_asked_for_and_the_rest_is_the_suites_word() -> None:
    plan = planned(RIGHT, ("wood.latency", a_test()), suite=load_suite("quick"), only=("wood.accuracy",))
    assert told(plan, "*/*/wood.latency") == [("not-asked", "--only or --skip leaves it out")]
    assert told(plan, "*planks") == [("suite", "suite quick does not take it")]
    assert told(planned(skip=("wood.saw",)), "*planks") == [("not-asked", "--only or --skip leaves it out")]


def test_paths_beyond_the_depth_are_told_once_for_each_converter_they_end_with() -> None:
    plan = planned(RIGHT, CHIP, THIN, suite=suite("full", caps={"depth": 1}))
    assert [item.id for item in plan.candidates] == ["original", "planks", "thin"]
    at_most = ("suite-cap", "the suite takes paths of at most 1 conversion")
    assert told(plan, "*+*chips") == [at_most]
    assert told(plan, "*+*planks") == [at_most]
    assert not [skip for skip in planned(RIGHT, CHIP, THIN, suite=suite("full")).skipped if skip.code == "suite-cap"]


def test_what_builds_on_a_format_that_nothing_makes_is_told() -> None:
    plan = planned(RIGHT, CHIP, suite=load_suite("full"), skip=("wood.saw",))
    assert [item.id for item in plan.candidates] == ["original"]
    assert told(plan, "*chips") == [("no-source", "no form of the model here is planks")]


def test_a_converter_whose_place_on_a_path_is_taken_is_told() -> None:
    again = converter(name="plane", slug="boards", source=frozenset({"planks"}), target="planks")
    ((code, text),) = told(planned(RIGHT, ("wood.plane", again), suite=load_suite("full")), "*boards")
    assert code == "path-order"
    assert text.startswith("what gives planks comes no earlier than its own place")


def test_a_reference_that_is_not_used_is_told() -> None:
    yards = backend(name="yards", formats=frozenset({"yardstick"}), suffixes=(), framework="planks")
    both = (("wood.metre", reference("metre")), ("wood.yard", reference("yard")), ("wood.yards", yards))
    plan = planned(RIGHT, ("wood.latency", a_test()), *both)
    assert plan.candidate("reference").converter == "wood.metre"
    assert told(plan, "*reference (wood.yard)") == [("one-reference", "figures are rated against wood.metre")]
    lost = planned(RIGHT, ("wood.yard", reference("yard")))
    assert told(lost, "*reference") == [
        ("no-backend", "no usable backend here loads the format yardstick that wood.yard writes")
    ]


def test_skipping_what_the_suite_would_not_grow_takes_nothing_in() -> None:
    plan = planned(RIGHT, CHIP, THIN, skip=("planks+chips",))
    assert [item.id for item in plan.candidates] == ["original", "planks"]


def test_only_what_takes_turns_beside_others_shares_the_budget() -> None:
    starts = ("wood.starts", a_test(name="starts", place="fresh"))
    plan = planned(("wood.latency", a_test()), starts, budget_s=10.0)
    assert plan.test("wood.latency").budget_s == 5.0  # on each of two platforms
    assert plan.test("wood.starts").budget_s is None
