"""Workers with fake plugins, small data, and the certainty that no process is left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.base.json_codec import to_json
from carelabel.data.facts import DataFacts
from carelabel.data.folder import write_folder
from carelabel.data.rows import DataSet, Rows
from carelabel.execute.journal import Journal
from carelabel.execute.progress import Silence
from carelabel.execute.run_state import Running
from carelabel.execute.workspace import new_folder
from carelabel.model.facts import InputType, ModelFacts
from carelabel.plan.build import build_plan
from carelabel.plan.outcomes import Built
from carelabel.plan.suite import load_suite
from carelabel.process.machine_lock import MeasuringLock
from carelabel.process.time_accounting import Account
from carelabel.process.worker_handle import Session
from tests.factories import a_test, backend, converter, make_host, make_options, make_registry, make_subject
from tests.run.fake_run import FORMATS
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


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A run of three candidates on two platforms, before anything was built."""
    registry = make_registry(
        ("wood.file", backend(formats=FORMATS)),
        ("wood.saw", converter()),
        ("wood.axe", converter(name="axe", slug="logs")),
        ("wood.latency", a_test()),
        ("wood.start", a_test(name="start", place="fresh")),
        ("wood.weight", a_test(name="weight", style="once", place="fresh", reusable=True)),
        ("wood.smell", a_test(name="smell", style="once", place="fresh")),
        ("wood.colour", a_test(name="colour", style="once", place="scorer")),
    )
    plan = build_plan(registry, make_subject(), make_host(), load_suite("engines"), make_options())
    folder, lock = new_folder(tmp_path, plan), MeasuringLock(tmp_path / "lock")
    journal = Journal(folder.journal, "0")
    found = Running(
        plan=plan,
        subject=make_subject(),
        folder=folder,
        journal=journal,
        progress=Silence(),
        account=Account(),
        lock=lock,
    )
    found.artefacts = {item.id: {"path": "/nowhere"} for item in plan.candidates}
    found.built = {item.id: Built(candidate=item.id, status="built", parity={}) for item in plan.candidates}
    yield found
    journal.close()
    lock.close()
