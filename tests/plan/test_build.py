"""The plan: what is in it, in which order, and the rule for everything that is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from carelabel.base.json_codec import from_json, to_json
from carelabel.errors import UsageError
from carelabel.options import Setting
from carelabel.plan import Cell, Plan, plan_sha256
from carelabel.plan.build import build_plan
from carelabel.plan.suite import Suite, load_suite
from carelabel.plugin.records import ANY, Platform, Record
from tests.factories import (
    a_metric,
    a_test,
    backend,
    converter,
    make_host,
    make_options,
    make_registry,
    make_subject,
)

PLANKS = (
    "wood.planks",
    backend(name="planks", formats=frozenset({"planks"}), suffixes=(".planks",), framework="planks"),
)
BASE: tuple[tuple[str, Record], ...] = (("wood.file", backend()), PLANKS, ("wood.saw", converter()))


def planned(*records: tuple[str, Record], suite: Suite | None = None, host: Any = None, **options: Any) -> Plan:
    registry = make_registry(*(BASE + records)) if records else make_registry()
    return build_plan(
        registry, make_subject(), host or make_host(), suite or load_suite("engines"), make_options(**options)
    )


def cells(plan: Plan) -> list[tuple[str, str | None, str]]:
    return [(cell.candidate, cell.platform, cell.test) for cell in plan.cells]


def test_the_cross_product_scores_first_then_platform_by_platform() -> None:
    assert cells(planned()) == [
        ("original", None, "wood.accuracy"),
        ("planks", None, "wood.accuracy"),
        ("original", "cpu-all", "wood.latency"),
        ("planks", "cpu-all", "wood.latency"),
        ("original", "cpu-1t", "wood.latency"),
        ("planks", "cpu-1t", "wood.latency"),
    ]


def test_a_plan_survives_json_and_keeps_its_hash() -> None:
    plan = planned()
    again = from_json(Plan, to_json(plan))
    assert plan_sha256(again) == plan_sha256(plan)
    assert plan_sha256(planned(seed=1)) != plan_sha256(plan)


def test_a_plan_is_the_same_for_the_same_values() -> None:
    assert plan_sha256(planned()) == plan_sha256(planned())


def test_with_one_processor_there_is_one_platform_and_the_reason() -> None:
    plan = planned(host=make_host(processors=(3,)))
    assert [item.id for item in plan.platforms] == ["cpu-1t"]
    assert ("*/cpu-all/*", "one-processor") in [(skip.what, skip.code) for skip in plan.skipped]


def test_a_gpu_is_a_platform_for_backends_that_use_it() -> None:
    gpu = make_host(tags=frozenset({"cpu", "cuda", "nvml"}), gpus=("a card",))
    on_gpu = backend(name="gpu", formats=frozenset({"planks"}), runs_on=frozenset({"cpu", "cuda"}), framework="planks")
    plan = planned(("wood.gpu", on_gpu), ("wood.latency", a_test()), host=gpu)
    assert ("planks", "cuda:0", "wood.latency") in cells(plan)
    assert ("original", "cuda:0", "wood.latency") not in cells(plan)
    assert any(skip.what == "original/cuda:0/*" for skip in plan.skipped)
    assert plan.candidate("planks").backends["cuda:0"] == "wood.gpu"
    assert plan.platform("cuda:0").environment == (("CUDA_VISIBLE_DEVICES", "0"),)


def test_paths_hold_one_prune_then_one_format_then_one_quantise() -> None:
    prune = converter(name="thin", conversion="prune", slug="thin", target="woodwork-file", lossless=False)
    quantise = converter(
        name="chip", conversion="quantise", slug="chips", source=frozenset({"planks"}), target="planks", lossless=False
    )
    plan = planned(
        ("wood.thin", prune), ("wood.chip", quantise), ("wood.accuracy", a_metric()), suite=load_suite("full")
    )
    assert [item.id for item in plan.candidates] == [
        "original",
        "planks",
        "thin",
        "planks+chips",
        "thin+planks",
        "thin+planks+chips",
    ]
    assert not plan.candidate("thin+planks").lossless


def test_the_suites_cap_leaves_out_the_longest_paths_and_says_so() -> None:
    suite = load_suite("full").model_copy(update={"caps": load_suite("full").caps.model_copy(update={"candidates": 2})})
    prune = converter(name="thin", conversion="prune", slug="thin", target="woodwork-file", lossless=False)
    plan = planned(("wood.thin", prune), ("wood.accuracy", a_metric()), suite=suite)
    assert [item.id for item in plan.candidates] == ["original", "planks"]
    capped = [skip for skip in plan.skipped if skip.code == "suite-cap"]
    assert "2 more would apply: thin, thin+planks" in capped[0].text


def test_a_format_that_nothing_loads_is_a_reason() -> None:
    burn = converter(name="burn", slug="ash", target="ash")
    plan = planned(("wood.burn", burn), ("wood.accuracy", a_metric()))
    assert ("*ash", "no-backend") in [(skip.what, skip.code) for skip in plan.skipped]


def test_what_leaves_out_a_converter_is_not_read_as_leaving_out_the_form_of_another() -> None:
    other = converter(name="axe", frameworks=frozenset({"onnx"}))
    plan = planned(("wood.axe", other), ("wood.accuracy", a_metric()))
    assert "planks" in {item.id for item in plan.candidates}
    assert [skip.what for skip in plan.skipped if skip.code == "framework"] == ["*planks (wood.axe)"]


def test_a_test_for_another_framework_runs_on_the_conversion_alone() -> None:
    plan = planned(("wood.grain", a_test(name="grain", frameworks=frozenset({"planks"}))))
    assert {cell.candidate for cell in plan.cells} == {"planks"}
    assert ("original/*/wood.grain", "framework") in [(skip.what, skip.code) for skip in plan.skipped]


def test_subject_and_candidate_tests_run_once() -> None:
    plan = planned(
        ("wood.rows", a_test(name="rows", scope="subject", style="once", place="fresh")),
        ("wood.depth", a_test(name="depth", scope="candidate", style="once")),
    )
    assert cells(plan) == [
        ("original", None, "wood.depth"),
        ("planks", None, "wood.depth"),
        ("original", None, "wood.rows"),
    ]


def test_only_limits_the_sorts_it_names_and_leaves_the_others_alone() -> None:
    assert {cell.test for cell in planned(only=("wood.accuracy",)).cells} == {"wood.accuracy"}
    assert {cell.platform for cell in planned(only=("cpu-1t",)).cells} == {None, "cpu-1t"}
    assert {cell.candidate for cell in planned(only=("wood.accuracy",)).cells} == {"original", "planks"}


def test_only_reaches_beyond_the_suite() -> None:
    dear = ("wood.dear", a_test(name="dear", cost="expensive"))
    assert "wood.dear" not in {cell.test for cell in planned(dear, ("wood.accuracy", a_metric())).cells}
    assert {cell.test for cell in planned(dear, only=("wood.dear",)).cells} == {"wood.dear"}


def test_only_finds_a_candidate_that_the_suite_would_not_grow() -> None:
    quantise = converter(
        name="chip", conversion="quantise", slug="chips", source=frozenset({"planks"}), target="planks", lossless=False
    )
    plan = planned(("wood.chip", quantise), ("wood.accuracy", a_metric()), only=("planks+chips",))
    assert [item.id for item in plan.candidates] == ["original", "planks", "planks+chips"]
    assert {cell.candidate for cell in plan.cells} == {"original", "planks+chips"}


def test_skipping_a_candidate_skips_what_is_built_from_it() -> None:
    plan = planned(skip=("planks",))
    assert [item.id for item in plan.candidates] == ["original"]
    assert ("planks/*/*", "not-asked") in [(skip.what, skip.code) for skip in plan.skipped]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ("wood.acuracy",)}, "got 'wood.acuracy' (did you mean wood.accuracy?)"),
        ({"skip": ("nothing",)}, "--skip must name a test, metric, converter, candidate or platform"),
        ({"skip": ("original",)}, "the original must be measured, got --skip original"),
        ({"skip": ("wood.accuracy", "wood.latency")}, "at least one test must apply, got none"),
        ({"skip": ("cpu-*",)}, "at least one platform of cpu-all, cpu-1t must be left, got none"),
        (
            {"settings": (Setting(test="wood.latencie", parameter="x", value=1),)},
            "--set must name an installed test, metric or converter, got 'wood.latencie' (did you mean wood.latency?)",
        ),
        (
            {"settings": (Setting(test="wood.accuracy", parameter="averag", value=1),)},
            "wood.accuracy has the parameters average, got 'averag' (did you mean average?)",
        ),
        (
            {"settings": (Setting(test="wood.accuracy", parameter="average", value="mikro"),)},
            "wood.accuracy: average must be str, one of macro, micro; got 'mikro'",
        ),
    ],
)
def test_a_word_that_means_nothing_is_refused(options: dict, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        planned(**options)
    assert message in str(caught.value)


def test_settings_go_before_the_suite_and_the_suite_before_defaults() -> None:
    suite = load_suite("quick").model_copy(update={"parameters": {"wood.accuracy": {"average": "micro"}}})
    assert planned().test("wood.accuracy").parameters == {"average": "macro"}
    assert planned(suite=suite).test("wood.accuracy").parameters == {"average": "micro"}
    setting = Setting(test="wood.accuracy", parameter="average", value="macro")
    assert planned(suite=suite, settings=(setting,)).test("wood.accuracy").parameters == {"average": "macro"}


def test_the_budget_is_shared_by_paired_tests_and_platforms() -> None:
    assert planned(budget_s=10.0).test("wood.latency").budget_s == 5.0
    assert planned().test("wood.latency").budget_s == load_suite("engines").paired_s
    assert planned(budget_s=0.0).test("wood.latency").budget_s == 0.0


def test_every_cell_is_planned_once() -> None:
    plan = planned()
    assert len(set(plan.cells)) == len(plan.cells)
    assert all(isinstance(cell, Cell) for cell in plan.cells)


def test_the_reference_is_timed_on_every_platform_and_nothing_else() -> None:
    reference = converter(
        name="yard", conversion="reference", slug="reference", source=ANY, target="yardstick", lossless=False
    )
    runner = backend(name="yards", formats=frozenset({"yardstick"}), suffixes=(), framework="planks")
    plan = planned(
        ("wood.yard", reference),
        ("wood.yards", runner),
        ("wood.accuracy", a_metric()),
        ("wood.latency", a_test()),
        ("wood.depth", a_test(name="depth", scope="candidate", style="once")),
    )
    assert [item.id for item in plan.candidates] == ["original", "planks", "reference"]
    assert {cell.test for cell in plan.cells if cell.candidate == "reference"} == {"wood.latency"}
    assert not any(item.id.endswith("+reference") for item in plan.candidates)


def test_a_candidates_id_is_its_own_and_the_built_in_converter_keeps_it() -> None:
    second = converter(name="axe", entry="wood.axe:convert")
    plan = planned(("wood.axe", second), ("wood.accuracy", a_metric()))
    identifiers = [item.id for item in plan.candidates]
    assert len(set(identifiers)) == len(identifiers), identifiers
    assert plan.candidate("planks").converter == "wood.axe"
    assert {skip.what for skip in plan.skipped if skip.code == "same-id"} == {"wood.saw"}
    other = planned(("wood.axe", second), ("wood.accuracy", a_metric()), skip=("wood.axe",))
    assert other.candidate("planks").converter == "wood.saw"
    registry = make_registry(*BASE, ("wood.axe", second), ("wood.accuracy", a_metric()))
    builtin = {**registry.records, "wood.saw": replace(registry.records["wood.saw"], builtin=True)}
    plan = build_plan(
        replace(registry, records=builtin), make_subject(), make_host(), load_suite("engines"), make_options()
    )
    assert plan.candidate("planks").converter == "wood.saw"
    (skip,) = [skip for skip in plan.skipped if skip.code == "same-id"]
    assert skip.what == "wood.axe"
    assert skip.text == (
        "a candidate's id must be its own, but wood.axe and wood.saw both make planks; the latter stays"
    )


def test_a_platforms_slug_is_its_own() -> None:
    fast, slow = (
        Platform(name=name, summary="s", entry="m:a", tasks=ANY, frameworks=ANY, slug="box", tags=frozenset({"cpu"}))
        for name in ("fast", "slow")
    )
    plan = planned(("wood.fast", fast), ("wood.slow", slow), ("wood.latency", a_test()))
    assert [item.id for item in plan.platforms] == ["cpu-all", "cpu-1t", "box"]
    (skip,) = [skip for skip in plan.skipped if skip.code == "same-id"]
    assert (skip.what, skip.text) == (
        "wood.slow",
        "a platform's slug must be its own, but wood.slow has box, as one before it",
    )
    assert len(set(plan.cells)) == len(plan.cells)


def test_a_conversion_depends_on_its_own_packages_and_not_on_those_of_tests() -> None:
    records = (("wood.latency", a_test(requires=("stopwatch>=1",))), ("wood.saw", converter(requires=("blades>=2",))))
    host = make_host(packages={"stopwatch": "1.5", "blades": "2.1"})
    plan = build_plan(make_registry(*BASE[:2], *records), make_subject(), host, load_suite("engines"), make_options())
    assert plan.versions.items() >= {"stopwatch": "1.5", "blades": "2.1"}.items()
    versions = plan.candidate("planks").versions
    assert versions["blades"] == "2.1"
    assert "stopwatch" not in versions
    assert {"python", "carelabel", "woodwork"} <= versions.keys()
