"""Plugin packages really on disk, in tests/dists, one folder each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.plugin.discovery import discover
from carelabel.plugin.records import ANY, Quantity, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel.plugin.registry import Registry

DISTS = Path(__file__).parents[1] / "dists"


@pytest.fixture
def discover_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Registry]:
    """Discover the plugins of some folders of tests/dists and no others."""

    def find(*folders: str, **options: object) -> Registry:
        path = [str(DISTS / folder) for folder in folders]
        for entry in path:
            monkeypatch.syspath_prepend(entry)
        return discover(path=path, **options)  # type: ignore[arg-type]  # the options of discover

    return find


@pytest.fixture
def record_of() -> Callable[[type[Record]], Record]:
    """Make a record of a kind, with what that kind must have."""
    figure = Quantity(name="q", unit="1", better=None, group="quality", meaning="A figure.")
    own: dict[str, dict[str, Any]] = {
        "backend": {"formats": frozenset({"f"}), "suffixes": (".f",), "framework": "f"},
        "converter": {"source": frozenset({"f"}), "target": "g", "conversion": "format", "slug": "g", "lossless": True},
        "test": {"group": "quality", "scope": "cell", "quantities": (figure,)},
        "metric": {"input": "labels", "better": "higher", "range": (0.0, 1.0)},
        "meter": {"domain": "package", "grade": "counter"},
        "platform": {"slug": "cpu-2t", "tags": frozenset({"cpu"})},
    }

    def make(kind: type[Record]) -> Record:
        fields = own.get(kind.kind, {})
        return kind(name=kind.kind, summary="s", entry="m:a", tasks=ANY, frameworks=ANY, **fields)

    return make
