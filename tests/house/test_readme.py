"""README.md cannot rot: its generated parts are compared, its plugin is checked, its links lead somewhere."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from carelabel.plugin.entry_points import FoundPlugin
from carelabel.plugin.loading import load_plugin
from carelabel.plugin.registry import PluginInfo, Registry
from carelabel.testing.conformance import cases_of
from tests.house.generated import BLOCK, README, ROOT, up_to_date
from tests.pins import others

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.plugin.records import Registered


def test_the_generated_parts_are_up_to_date() -> None:
    if found := others("typer", "click", "rich"):
        pytest.skip(f"its texts are those of the versions in constraints.txt; here are {', '.join(found)}")
    text = README.read_text(encoding="utf-8")
    assert BLOCK.search(text)
    assert up_to_date(text) == text, "nox -s docs writes them anew"


def test_the_plugin_in_the_readme_passes_the_conformance_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = re.findall(r"```python\n(# acme\.py\n.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    code = [line for line in source.splitlines() if line.strip() and not line.startswith("#")]
    assert len(code) <= 15
    (tmp_path / "acme.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme", raising=False)
    found = FoundPlugin(name="acme", value="acme", distribution="acme", version="1", source="", builtin=False)
    loaded = load_plugin(found)
    assert loaded.problems == ()
    results = [
        case.result() for case in cases_of("acme", registry_of(loaded.records)) if case.check.name != "light-import"
    ]
    assert [result.message for result in results if result.status == "failed"] == []


def registry_of(records: tuple[Registered, ...]) -> Registry:
    info = PluginInfo(
        name="acme",
        module="acme",
        distribution="acme",
        version="1",
        source="",
        builtin=False,
        status="loaded",
        records=len(records),
    )
    return Registry(records={item.id: item for item in records}, plugins=(info,))


def test_links_to_files_lead_somewhere() -> None:
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{document}: {target}"
