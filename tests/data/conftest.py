"""A data file, and what the metadata says about it, in one line each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.data.facts import DataFacts, DataSource
from carelabel.data.prepare import lay_down
from carelabel.data.rows import DataSet
from carelabel.model.facts import Declared

if TYPE_CHECKING:
    from pathlib import Path

Lay = Callable[..., DataSet]


def source(path: Path, target: str = "", **options: Any) -> DataSource:
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return DataSource(path=path, sha256=sha256, bytes=len(content), target=target, options=options)


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """Lay a file down and open it: ``lay("test.csv", text, target="y", task="regression", classes=(1, 2))``."""

    def lay_and_open(
        name: str,
        content: str | None = None,
        *,
        task: str = "classification",
        target: str = "",
        role: str = "test",
        reference: DataFacts | None = None,
        options: dict[str, Any] | None = None,
        **claims: Any,
    ) -> DataSet:
        path = tmp_path / name
        if content is not None:
            path.write_text(content, encoding="utf-8")
        facts = lay_down(
            source(path, target, **(options or {})),
            tmp_path / "laid" / name,
            task=task,
            declared=Declared(name="model", task=task, **claims),
            role=role,
            reference=reference,
        )
        data = DataSet.open(tmp_path / "laid" / name)
        assert data.facts == facts
        return data

    return lay_and_open
