"""The plugins that come with carelabel are as good as it asks others to be."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import pytest

from carelabel.plugin.discovery import discover
from carelabel.plugin.field_types import misfits
from carelabel.plugin.vocabulary import known_words, unknown_words
from carelabel.testing.conformance import cases_of
from tests.house.test_names import ENTRIES

if TYPE_CHECKING:
    from carelabel.testing.result import Case

CASES = [case for name in ENTRIES for case in cases_of(name)]
# What measures something really runs here, which takes its time.
SLOW = {case.key for case in CASES if case.check.name == "test-measures" and case.candidate.record.cost != "cheap"}
NEARLY = 0.9
"""Likeness of two words that differ by a letter."""


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.key, marks=[pytest.mark.slow] if case.key in SLOW else []) for case in CASES],
)
def test_a_built_in_plugin_conforms(case: Case) -> None:
    result = case.result()
    assert result.status != "failed", result.message


def test_no_word_is_misspelt() -> None:
    """A word that nobody brings may be that of a plugin which is not there; one that is nearly a known word may not."""
    registry = discover()
    strangers = {name: replace(item, builtin=False) for name, item in registry.records.items()}
    known = frozenset().union(*known_words(item.record for item in strangers.values()).values())
    unknown = {problem.text.split("'")[1] for problem in unknown_words(strangers, dict.fromkeys(strangers, ""))}
    nearest = {word: get_close_matches(word, known, n=1, cutoff=NEARLY) for word in unknown}
    assert {word: found for word, found in nearest.items() if found} == {}


def test_every_field_of_a_record_holds_what_it_is_declared_to_hold() -> None:
    """Discovery looks at the records of third parties alone."""
    records = [item.record for item in discover().records.values() if item.builtin]
    assert records
    assert {
        record.name: [*misfits(record, type(record))] for record in records if [*misfits(record, type(record))]
    } == {}


def test_every_plugin_is_checked() -> None:
    assert {case.candidate.plugin for case in CASES} == set(ENTRIES)
