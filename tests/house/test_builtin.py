"""The plugins that come with carelabel are as good as it asks others to be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from carelabel.plugin.discovery import discover
from carelabel.plugin.vocabulary import unknown_words
from carelabel.testing.conformance import cases_of
from tests.house.test_names import ENTRIES

if TYPE_CHECKING:
    from carelabel.testing.result import Case

CASES = [case for name in ENTRIES for case in cases_of(name)]
# What measures something really runs here, which takes its time.
SLOW = {case.key for case in CASES if case.check.name == "test-measures" and case.candidate.record.cost != "cheap"}


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.key, marks=[pytest.mark.slow] if case.key in SLOW else []) for case in CASES],
)
def test_a_built_in_plugin_conforms(case: Case) -> None:
    result = case.result()
    assert result.status != "failed", result.message


def test_no_word_is_misspelt() -> None:
    registry = discover()
    strangers = {name: replace(item, builtin=False) for name, item in registry.records.items()}
    problems = unknown_words(strangers, dict.fromkeys(strangers, ""))
    assert [problem.text for problem in problems if problem.hint.startswith("did you mean")] == []


def test_every_plugin_is_checked() -> None:
    assert {case.candidate.plugin for case in CASES} == set(ENTRIES)
