"""A model that takes exactly as long as it is told to, and a clock that believes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carelabel.data.rows import DataSet, Rows
from carelabel.measure.contention import WaitCounters
from carelabel.measure.timing import Clock
from carelabel.plugin.interfaces import Artefact, PlatformSpec, TestContext
from tests.factories import make_data, make_model


@dataclass
class FakeTime:
    wall: int = 0
    cpu: int = 0
    wait: int = 0

    def spend(self, wall_s: float, cpu_s: float | None = None) -> None:
        self.wall += round(wall_s * 1e9)
        self.cpu += round((wall_s if cpu_s is None else cpu_s) * 1e9)

    @property
    def clock(self) -> Any:
        counters = WaitCounters(wait=lambda: self.wait, steal=lambda: None)
        return Clock(wall=lambda: self.wall, cpu=lambda: self.cpu, counters=counters)


@dataclass
class FakePredictor:
    """`row_s` seconds a row and `call_s` a call; remembers the rows it was given."""

    fake: FakeTime
    row_s: float = 1e-4
    call_s: float = 1e-3
    cpu_share: float = 1.0
    prepare_s: float = 2e-5
    seen: list[Any] = field(default_factory=list)
    closed: int = 0
    input_type: Any = None
    native: Any = None
    predict_proba: Any = None
    decision_function: Any = None

    def prepare(self, rows: Any) -> Any:
        self.fake.spend(self.prepare_s * len(rows))
        return rows.array()

    def predict(self, x: Any) -> Any:
        seconds = self.call_s + self.row_s * len(x)
        self.fake.spend(seconds, seconds * self.cpu_share)
        self.seen.append(tuple(x[:, 0]))
        return np.zeros(len(x))

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def fake() -> Any:
    return FakeTime()


@pytest.fixture
def predictor(fake: Any) -> Any:
    return FakePredictor(fake)


@pytest.fixture
def make_context(tmp_path: Path, predictor: Any) -> Any:
    def make(rows: Any = 500, *, load: Any = None, live: Any = None, path: Any = None, **changes: Any) -> Any:
        target = np.zeros(rows)
        array = np.arange(rows, dtype=float).reshape(-1, 1)
        fields = {
            "candidate": "original",
            "platform": PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1),
            "artefact": Artefact(path=Path(path or tmp_path), format="woodwork-file", facts=make_model()),
            "facts": make_model(),
            "task": "classification",
            "test": DataSet(rows=Rows(array=array), target=target, groups={}, facts=make_data()),
            "train": None,
            "load": load or (lambda: predictor),
            "live": live or (lambda: predictor),
            "scratch": tmp_path,
            "seed": 0,
            "spawned_ns": 0,
            "timing_rows": 10_000,
            "meters": dict,
        }
        return TestContext(**{**fields, **changes})

    return make
