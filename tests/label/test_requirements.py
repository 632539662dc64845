"""Requirements in words, and what a label says to them."""

from __future__ import annotations

from typing import Any

import pytest

from carelabel.errors import UsageError
from carelabel.label.compare import pareto_front, recommend
from carelabel.label.rating import rate
from carelabel.label.requirements import check, parse_requirement, refuse_unplanned
from carelabel.label.scale import load_scale
from carelabel.plan.build import build_plan
from carelabel.plan.suite import load_suite
from tests.factories import make_host, make_options, make_registry, make_subject
from tests.label.labels import accuracy, label, latency, measurement


def two() -> dict[str, Any]:
    document = label(
        latency("original", 5e-3),
        latency("onnx", 1e-5, width=0.1),
        latency("reference", 1e-5),
        accuracy("original", 0.95, 0.01),
        accuracy("onnx", 0.945, 0.01),
        candidates=("original", "onnx"),
    )
    ratings, compound = rate(document, load_scale())
    return {**document, "ratings": ratings, "compound": compound}


def test_the_whole_form_is_read() -> None:
    found = parse_requirement("latency_p99@onnx+int8,cpu-1t{batch=1, mode=x} <= 2ms")
    assert (found.quantity, found.candidate, found.platform) == ("latency_p99", "onnx+int8", "cpu-1t")
    assert (found.at, found.op, found.bound, found.dimension) == ({"batch": 1, "mode": "x"}, "<=", 0.002, "s")
    assert not found.drop


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("x<2ms", 0.002),
        ("x > 3 GiB", 3 * 2**30),
        ("x<=1.5e-3s", 0.0015),
        ("x>=95%", 0.95),
        ("x<4", 4.0),
        ("x<.5µs", 5e-7),
    ],
)
def test_units_become_si(text: str, bound: float) -> None:
    assert parse_requirement(text).bound == pytest.approx(bound)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latency", "a requirement must read QUANTITY"),
        ("latency < fast", "a requirement must read QUANTITY"),
        ("latency = 2", "a requirement must read QUANTITY"),
        ("latency < 2 lightyears", "the unit in 'latency < 2 lightyears' must be one of"),
        ("latency{batch} < 2", "must read KEY=VALUE, got 'batch'"),
        ("", "a requirement must read QUANTITY"),
    ],
)
def test_another_form_is_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(UsageError, match="must") as caught:
        parse_requirement(text)
    assert message in str(caught.value)


def test_the_original_is_meant_without_a_name() -> None:
    assert check(two(), parse_requirement("latency_p50{batch=1} < 1ms")).met is False
    assert check(two(), parse_requirement("latency_p50@onnx{batch=1} < 1ms")).met is True


def test_a_figure_whose_interval_holds_the_bound_is_met_uncertainly() -> None:
    verdict = check(two(), parse_requirement("latency_p50@onnx < 10.5us"))
    assert (verdict.met, verdict.certain) == (True, False)
    assert verdict.text.endswith("but its interval reaches beyond")


def test_a_point_that_was_not_measured_is_told_with_those_that_were() -> None:
    verdict = check(two(), parse_requirement("latency_p50@onnx{batch=2} < 1ms"))
    assert verdict.met is None
    assert verdict.text == "onnx has no latency_p50 at batch=2; it has batch=1"


def test_a_drop_is_how_much_worse_than_the_original() -> None:
    verdict = check(two(), parse_requirement("accuracy_drop@onnx < 0.01"))
    assert verdict.met is True
    assert verdict.value == pytest.approx(0.005)
    assert check(two(), parse_requirement("accuracy_drop@onnx < 0.004")).met is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speed < 2", "must name a quantity of the label, got 'speed'"),
        ("accuracy@tflite > 0.5", "must name a candidate of the label (original, onnx, reference), got 'tflite'"),
        ("accuracy@onnx,tpu > 0.5", "must name a platform of the label (cpu-1t), got 'tpu'"),
        ("latency_p50 < 2MB", "must be in the figure's unit, s, got one of B"),
    ],
)
def test_a_name_that_the_label_does_not_know_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(two(), parse_requirement(text))
    assert message in str(caught.value)


def test_the_best_that_meets_everything_is_recommended_and_near_misses_say_why() -> None:
    found = recommend(two(), [parse_requirement("latency_p50{batch=1}<2ms"), parse_requirement("accuracy_drop<0.01")])
    assert found.best is not None
    assert found.best.candidate == "onnx"
    assert [option.candidate for option in found.near] == ["original"]
    assert "latency_p50 at batch=1 5 ms is not < 2 ms" in found.near[0].verdicts[0].text


def test_nothing_meets_what_cannot_be_met() -> None:
    found = recommend(two(), [parse_requirement("accuracy > 0.99")])
    assert found.best is None
    assert {option.candidate for option in found.near} == {"original", "onnx"}


def test_what_was_not_measured_does_not_meet_a_requirement() -> None:
    document = label(measurement("original", "energy", None), candidates=("original",))
    found = recommend(document, [parse_requirement("energy < 1")])
    assert found.best is None
    assert found.near[0].verdicts[0].met is None


def test_a_failed_conversion_is_never_recommended() -> None:
    document = two()
    document["candidates"][1] |= {"status": "failed", "reason": {"code": "parity", "text": "its answers differ"}}
    found = recommend(document, [])
    assert found.best is not None
    assert found.best.candidate == "original"
    assert [(option.candidate, option.excluded) for option in found.excluded] == [("onnx", "its answers differ")]


def test_a_requirement_about_one_form_or_platform_leaves_only_that() -> None:
    found = recommend(two(), [parse_requirement("latency_p50@original{batch=1} < 1s")])
    assert found.best is not None
    assert found.best.candidate == "original"
    assert [(option.candidate, option.excluded) for option in found.excluded] == [
        ("onnx", "'latency_p50@original{batch=1} < 1s' is about original")
    ]
    document = two()
    document["platforms"].append({"id": "cpu-all", "tags": ["cpu"], "threads": 2})
    document["outcomes"] += [{**row, "platform": "cpu-all"} for row in document["outcomes"]]
    (other,) = {
        option.platform for option in recommend(document, [parse_requirement("accuracy@onnx,cpu-all > 0")]).meeting
    }
    assert other == "cpu-all"


@pytest.mark.parametrize("place", ["parity", "parity_on"])
def test_a_form_that_answers_otherwise_is_named_so_and_can_be_left_out(place: str) -> None:
    document = two()
    verdict = {"class": "different"}
    document["candidates"][1] |= {place: verdict if place == "parity" else {"cpu-1t": verdict}}
    document["problems"] = [{"source": "onnx", "code": "nondeterministic", "text": "answers change"}]
    found = recommend(document, [])
    (onnx,) = [option for option in found.meeting if option.candidate == "onnx"]
    assert (onnx.parity, onnx.remarks) == ("different", ("answers change",))
    strict = recommend(document, [], same_model=True)
    assert [option.candidate for option in strict.meeting] == ["original"]
    assert [option.excluded for option in strict.excluded] == ["its answers are not known to be the original's"]
    document["candidates"][1] |= {"parity": {"class": "equivalent"}, "parity_on": {}}
    assert len(recommend(document, [], same_model=True).meeting) == 2


def test_the_front_holds_what_nothing_beats() -> None:
    assert pareto_front(two()) == {("original", "cpu-1t"), ("onnx", "cpu-1t")}
    slower = two()
    slower["ratings"] = [
        {"candidate": name, "platform": "cpu-1t", "property": part, "index": index}
        for name, values in {"original": (5.0, 1.0), "onnx": (5.0, 2.0)}.items()
        for part, index in zip(("quality", "latency"), values, strict=True)
    ]
    assert pareto_front(slower) == {("onnx", "cpu-1t")}


def test_a_quantity_without_any_figure_is_known_where_the_label_declares_it() -> None:
    document = {**two(), "quantities": {"some.speed.speed": "rows in a second"}}
    verdict = check(document, parse_requirement("speed > 2"))
    assert (verdict.met, verdict.text) == (None, "original has no speed")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("figur < 2", "must name a quantity of the plan, got 'figur' (did you mean figure?)"),
        ("figure@tflite < 2s", "must name a candidate of the plan (original, planks), got 'tflite'"),
        ("figure@planks,tpu < 2s", "must name a platform of the plan (cpu-all, cpu-1t), got 'tpu'"),
        ("figure < 2MB", "must be in the figure's unit, s, got one of B"),
    ],
)
def test_what_a_plan_will_not_measure_is_refused_before_it_runs(text: str, message: str) -> None:
    plan = build_plan(make_registry(), make_subject(), make_host(), load_suite("engines"), make_options())
    refuse_unplanned(plan, [parse_requirement("figure@planks,cpu-1t{batch=1} < 2ms"), parse_requirement("figure < 2")])
    with pytest.raises(UsageError) as caught:
        refuse_unplanned(plan, [parse_requirement(text)])
    assert message in str(caught.value)
