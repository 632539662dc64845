"""Models are trained once, however many conversions start from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conversions.workshop import Model, Table, registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what the engine of the house compiles."""
    return tmp_path_factory.mktemp("builds")


@pytest.fixture(autouse=True)
def _one_build(builds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of the house is compiled once, although each test has a home of its own."""
    monkeypatch.setenv("CARELABEL_FASTINFERENCE_BUILDS", str(builds))


@pytest.fixture(scope="session")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Table, str], Model]:
    installed, made = registry(), {}

    def make(table: Table, name: str) -> Model:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            made[name] = Model(given=table.maker(name)(folder), folder=folder, registry=installed)
        return made[name]

    return make
