"""What holds for every test: nothing of the user's home is touched, and slow tests run only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ("pytester",)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests that take more than a few seconds, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow: left out unless --slow is given")
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Cache, runs, store and trust list of a test are its own."""
    home: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CARELABEL_HOME", str(home))
    monkeypatch.delenv("CARELABEL_DISABLE", raising=False)
