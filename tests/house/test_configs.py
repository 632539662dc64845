"""Every file in configs/ is read by the code that it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carelabel.label.scale import load_scale
from carelabel.plan.suite import load_suite, suite_folder
from tests.house.generated import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READERS: dict[str, Callable[[str], object]] = {"suites": load_suite, "ratings": load_scale}
FILES = sorted(path for path in (ROOT / "configs").rglob("*") if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_config_is_valid(path: Path) -> None:
    read = READERS[path.parent.name]
    assert read(str(path)) == read(path.stem)


def test_a_suite_is_called_as_its_file() -> None:
    assert {path.stem for path in suite_folder().glob("*.yaml")} >= {"quick", "full"}
    for path in suite_folder().glob("*.yaml"):
        assert load_suite(path.stem).name == path.stem
