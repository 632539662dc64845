"""``list-suites`` and ``list-ratings``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from carelabel.label.scale import Scale, load_scale, scale_folder
from carelabel.plan.suite import Suite, load_suite, suite_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program


@pytest.mark.parametrize(("command", "folder"), [("list-suites", suite_folder()), ("list-ratings", scale_folder())])
def test_every_file_is_listed_for_people_and_for_machines(program: Program, command: str, folder: Path) -> None:
    text, listed = program(command), program(command, "--json")
    assert (text.code, listed.code) == (0, 0)
    assert text.out.startswith("ID ")
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    assert [item["id"] for item in json.loads(listed.out)] == names
    assert {line.split()[0] for line in text.out.splitlines()} >= set(names)


def test_a_listed_suite_or_scale_has_every_field(program: Program) -> None:
    suites = json.loads(program("list-suites", "--json").out)
    assert {item.pop("id"): Suite.model_validate(item) for item in suites}["quick"] == load_suite("quick")
    scales = json.loads(program("list-ratings", "--json").out)
    assert {item.pop("id"): Scale.model_validate(item) for item in scales}["default"] == load_scale()
