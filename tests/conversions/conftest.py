"""Models are trained once, however many conversions start from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conversions.workshop import Model, Table, registry

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Table, str], Model]:
    installed, made = registry(), {}

    def make(table: Table, name: str) -> Model:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            made[name] = Model(given=table.maker(name)(folder), folder=folder, registry=installed)
        return made[name]

    return make
