"""Suites: those that are shipped, and what is said of a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carelabel.errors import UsageError
from carelabel.plan.suite import load_suite, suite_folder
from tests.factories import a_test, converter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", sorted(path.stem for path in suite_folder().glob("*.yaml")))
def test_every_shipped_suite_is_valid_and_has_its_files_name(name: str) -> None:
    assert load_suite(name).name == name


def test_quick_takes_formats_and_leaves_expensive_tests_out() -> None:
    quick = load_suite("quick")
    assert quick.converters.takes("a.b", converter(target="onnx"))
    assert not quick.converters.takes("a.b", converter())
    assert load_suite("engines").converters.takes("a.b", converter())
    assert not quick.converters.takes("a.b", converter(conversion="quantise"))
    assert not quick.tests.takes("a.b", a_test(cost="expensive"))
    assert load_suite("full").tests.takes("a.b", a_test(cost="expensive"))


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"--suite must be one of engines, full, .*quick.* got 'quik' \(did you mean quick\?\)"
    ):
        load_suite("quik")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nsummary: b\nunknown: 1\n", "unknown: Extra inputs are not permitted, got 1"),
        ("name: a\n", "summary: Field required"),
        ("name: a\nsummary: b\npaired_s: -1\n", "paired_s: Input should be greater than 0, got -1"),
        ("- a\n", "the file: Input should be a valid dictionary"),
        ("a: [", "a suite must be a readable YAML file"),
        ("", "the file: Input should be a valid dictionary"),
    ],
)
def test_a_wrong_suite_is_one_line_that_names_the_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_suite(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_ids_override_groups_and_costs(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nsummary: s\ntests: {groups: [quality], include: ['a.late*'], exclude: [a.later]}\n",
        encoding="utf-8",
    )
    tests = load_suite(str(path)).tests
    assert tests.takes("a.latency", a_test())
    assert not tests.takes("a.later", a_test(group="quality"))
    assert not tests.takes("a.memory", a_test())
