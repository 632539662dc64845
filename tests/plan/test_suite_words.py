"""A suite's words are held before anything runs: what means nothing is refused, what is not here is told."""

from __future__ import annotations

from typing import Any

import pytest

from carelabel.errors import UsageError
from carelabel.options import Setting
from carelabel.plan.suite import ConverterChoice, Suite, TestChoice, Timeouts, load_suite
from tests.plan.test_build import planned


def suite(**changes: Any) -> Suite:
    return load_suite("engines").model_copy(update=changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"parameters": {"wood.accurcy": {"average": "micro"}}},
            "suite engines: parameters must name what is installed, got 'wood.accurcy' (did you mean wood.accuracy?)",
        ),
        (
            {"parameters": {"wod.accuracy": {"average": "micro"}}},
            "suite engines: parameters must name what is installed, got 'wod.accuracy' (did you mean wood.accuracy?)",
        ),
        (
            {"tests": TestChoice(include=("wood.latencie",))},
            "tests.include must name what is installed, got 'wood.latencie' (did you mean wood.latency?)",
        ),
        ({"tests": TestChoice(exclude=("*.speed",))}, "tests.exclude must name what is installed, got '*.speed'"),
        (
            {"converters": ConverterChoice(include=("wood.sw",))},
            "suite engines: converters.include must name what is installed, got 'wood.sw' (did you mean wood.saw?)",
        ),
        ({"converters": ConverterChoice(exclude=("saw",))}, "converters.exclude must name what is installed"),
        (
            {"platforms": ("cpu-1t", "cpu-al")},
            "suite engines: platforms must name a platform, got 'cpu-al' (did you mean cpu-all?)",
        ),
        ({"parity": {"flip_rat": 0.1}}, "parity limits must be among "),
        ({"parity": {"flip_rat": 0.1}}, "got flip_rat (did you mean flip_rate?)"),
        ({"parity": {"flip_rate": -0.1}}, "the parity limit flip_rate must be a finite number of 0 or more, got -0.1"),
        ({"parity": {"level": 95.0}}, "the parity limit level must be at least 0 and below 1, got 95.0"),
    ],
)
def test_a_word_that_means_nothing_is_one_line_before_anything_runs(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        planned(suite=suite(**changes))
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_parameters_are_held_even_where_the_suite_does_not_take_the_test() -> None:
    changes = {"tests": TestChoice(groups=("resources",)), "parameters": {"wood.accuracy": {"averag": "micro"}}}
    with pytest.raises(UsageError, match=r"wood\.accuracy has the parameters average, got 'averag'"):
        planned(suite=suite(**changes))
    setting = Setting(test="wood.accuracy", parameter="average", value="mikro")
    with pytest.raises(UsageError, match=r"average must be str, one of macro, micro; got 'mikro'"):
        planned(suite=suite(tests=TestChoice(groups=("resources",))), settings=(setting,))


def test_what_belongs_to_a_plugin_that_is_not_loaded_is_told() -> None:
    plan = planned(suite=suite(parameters={"elsewhere.latency": {"batch_sizes": [1]}}))
    assert [(skip.what, skip.text) for skip in plan.skipped if skip.code == "no-plugin"] == [
        ("elsewhere.latency", "suite engines names it, but the plugin elsewhere is not loaded")
    ]


def test_a_platform_of_another_machine_is_told() -> None:
    plan = planned(suite=suite(platforms=("cpu-*", "cuda:*")))
    assert ("*/cuda:*/*", "hardware", "this machine has no such platform") in [
        (skip.what, skip.code, skip.text) for skip in plan.skipped
    ]


def test_a_suites_timeouts_are_the_plans() -> None:
    plan = planned(suite=suite(timeouts=Timeouts(load=600.0, predict=3600.0)))
    assert (plan.load_s, plan.predict_s) == (600.0, 3600.0)
