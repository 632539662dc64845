"""Every store is held to the same contract: a new one joins by a line in `STORES`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carelabel.store.tinydb import TinyDBStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from carelabel.store import LabelStore

STORES = {"tinydb": "carelabel.store.tinydb:TinyDBStore"}
MAKERS: dict[str, Callable[[Path], LabelStore]] = {"tinydb": TinyDBStore}


@pytest.fixture(params=sorted(STORES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def entry(name: str) -> str:
    """What a process of its own imports the store by."""
    return STORES[name]


@pytest.fixture
def store(name: str, tmp_path: Path) -> LabelStore:
    return MAKERS[name](tmp_path)
