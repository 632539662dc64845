"""What holds for every test: nothing of the user's home is touched, and some tests are left out with a reason.

Slow tests run only when asked for, tests marked ``needs_plugin`` only where those plugins are installed.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest_plugins = ("pytester",)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests that take more than a few seconds, too")


def pytest_configure() -> None:
    """Take SIGINT again: a shell's background jobs ignore it, and so would the children that tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    installed = frozenset(point.name for point in entry_points(group="carelabel"))
    slow = config.getoption("--slow")
    for item in items:
        if missing := _needed(item) - installed:
            item.add_marker(pytest.mark.skip(reason=f"not installed: the plugin {', '.join(sorted(missing))}"))
        elif item.get_closest_marker("slow") and not slow:
            item.add_marker(pytest.mark.skip(reason="slow: left out unless --slow is given"))


def _needed(item: pytest.Item) -> frozenset[str]:
    """The plugins that a test, its class and its module say they need."""
    return frozenset(name for marker in item.iter_markers("needs_plugin") for name in marker.args)


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Cache, runs, store and trust list of a test are its own."""
    home: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CARELABEL_HOME", str(home))
    monkeypatch.delenv("CARELABEL_DISABLE", raising=False)


@pytest.fixture(autouse=True, scope="module")
def _threads() -> Iterator[None]:
    """A backend sets torch's threads for its whole process, and with them those that other libraries may ask for."""
    yield
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(os.cpu_count() or 1)
