"""Workers with fake plugins, small data, and the certainty that no process is left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.data.folder import write_folder
from carelabel.data.rows import DataSet, Rows
from carelabel.jsonable import to_json
from carelabel.run.session import Session
from carelabel.subject import DataFacts, InputType, ModelFacts
from tests.run.given import BACKEND, ONE_THREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAKES = Path(__file__).parent / "fakes"


@pytest.fixture
def spawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Session]]:
    """Start workers that can import the fakes."""
    monkeypatch.setenv("PYTHONPATH", str(FAKES))
    sessions: list[Session] = []

    def start(role: str = "candidate", **options: Any) -> Session:
        name = f"{role}-{len(sessions)}"
        sessions.append(Session.spawn(role, name=name, log=tmp_path / "logs" / f"{name}.log", **options))
        return sessions[-1]

    yield start
    for session in sessions:
        session.kill()


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str | None]:
    """Twenty rows of two columns, with the fake stump's answer as target."""
    folder = tmp_path / "data" / "test"
    table = np.column_stack([np.linspace(0, 1, 20), np.zeros(20)])
    target = (table[:, 0] > 0.5).astype(int)
    facts = DataFacts(
        sha256="0", bytes=1, rows=20, features=2, shape=(2,), container="array", dtypes=("float64",), classes=(0, 1)
    )
    folder.parent.mkdir()
    write_folder(folder, DataSet(rows=Rows(array=table), target=target, groups={}, facts=facts))
    return {"test": str(folder), "train": None}


@pytest.fixture
def facts() -> ModelFacts:
    return ModelFacts(
        framework="fake",
        format="fake",
        family="stump",
        estimator="Fake",
        task="classification",
        classes=(0, 1),
        input_type=InputType(container="array", dtype="float64", shape=(2,)),
        n_features=2,
    )


@pytest.fixture
def opening(tmp_path: Path, data: dict[str, Any], facts: ModelFacts) -> Callable[..., dict[str, Any]]:
    """Fields of ``open`` for a fake model that behaves as said."""

    def fields(kind: str = "good", *, model_facts: ModelFacts = facts, **spec: Any) -> dict[str, Any]:
        path = tmp_path / f"{kind}.fake"
        path.write_text(json.dumps({"kind": kind, **spec}))
        return {
            "candidate": "original",
            "artefact": {"path": str(path), "format": "fake", "facts": to_json(model_facts)},
            "backend_entry": BACKEND,
            "platform": to_json(ONE_THREAD),
            "facts": to_json(model_facts),
            "task": "classification",
            "data": data,
            "scratch": str(tmp_path / "scratch"),
            "seed": 0,
            "timing_rows": 10,
            "meters": [],
        }

    return fields
