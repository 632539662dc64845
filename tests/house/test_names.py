"""No plugin's name occurs inside carelabel/, nor inside another plugin: all can be had without the others."""

from __future__ import annotations

import ast
import tomllib
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from carelabel.plugin.discovery import discover
from carelabel.plugin.needs import VARIANTS
from carelabel.plugin.vocabulary import FAMILIES, HARDWARE, NEEDS, TASKS
from tests.house.generated import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ENTRIES: dict[str, str] = PROJECT["project"]["entry-points"]["carelabel"]
PACKAGES = sorted(path.name for path in (ROOT / "plugins").iterdir() if path.name.startswith("carelabel_"))
FILES = sorted((ROOT / "carelabel").rglob("*.py"))
# Some plugins are called by a word that the core knows for another reason: a hardware tag, or a group of quantities.
WORDS = TASKS | FAMILIES | HARDWARE | NEEDS | {"quality", "resources", "energy"}


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every string constant of a file but its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def test_there_are_plugins_to_look_for() -> None:
    assert ENTRIES
    assert {value.partition(".")[0] for value in ENTRIES.values()} <= set(PACKAGES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_names_no_plugin(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [package for package in PACKAGES if package in text] == []
    ids = tuple(f"{name}." for name in ENTRIES)
    whole = set(ENTRIES) - WORDS
    named = [(line, word) for line, word in strings(path) if word in whole or word.startswith(ids)]
    assert named == []


def imported(path: Path) -> set[str]:
    """Packages that a file imports, at its top or inside a function, or that it names in an entry."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {word for _, word in strings(path)}
    return {name.partition(":")[0].partition(".")[0] for name in names}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_plugin_uses_another(package: str) -> None:
    files = sorted((ROOT / "plugins" / package).rglob("*.py"))
    others = set(PACKAGES) - {package}
    assert files
    assert {str(path.relative_to(ROOT)): found for path in files if (found := imported(path) & others)} == {}


def test_every_plugin_lies_in_a_folder_of_its_domain() -> None:
    assert {name: value.partition(".")[0] for name, value in ENTRIES.items()} == {
        name: f"carelabel_{name}" for name in ENTRIES
    }


def library(requirement: str) -> str:
    """The name of what is required, without the ending of a variant of it."""
    name: str = canonicalize_name(Requirement(requirement).name)
    return next((name.removesuffix(ending) for ending in VARIANTS if ending and name.endswith(ending)), name)


def test_what_records_require_comes_with_an_extra() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    brought = {library(text) for extra in extras for text in extra}
    brought |= {"codecarbon", "pyrapl", "zeus"}  # other people's meters beside our own, for those who have them
    records = [item.record for item in discover().records.values() if item.builtin]
    assert {library(text) for record in records for text in record.requires} - brought == set()
