"""A machine that draws a known power, a meter that counts it, and a model that works on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.data.rows import DataSet, Rows
from carelabel.measure.contention import WaitCounters
from carelabel.measure.timing import Clock
from carelabel.plugin.interfaces import Artefact, NotMeasured, PlatformSpec, TestContext
from tests.factories import make_data, make_model

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Machine:
    """Draws `idle_w` always and `busy_w` more while a model works. Time moves when somebody sleeps or works."""

    idle_w: float = 20.0
    busy_w: float = 50.0
    now: int = 0
    joules: float = 0.0
    wait: int = 0

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1e9)
        self.joules += self.idle_w * seconds

    def work(self, seconds: float) -> None:
        self.now += round(seconds * 1e9)
        self.joules += (self.idle_w + self.busy_w) * seconds

    @property
    def clock(self) -> Any:
        counters = WaitCounters(wait=lambda: self.wait, steal=lambda: None)
        return Clock(wall=lambda: self.now, cpu=lambda: self.now, counters=counters, sleep=self.sleep)


@dataclass
class FakeMeter:
    """Counts a share of what the machine draws."""

    machine: Machine
    share: float = 1.0
    answer: Any = ("package-0",)
    broken: Any = None
    begun: float = 0.0
    windows: list[float] = field(default_factory=list)
    looks: int = 0

    def probe(self) -> Any:
        return self.answer

    def start(self) -> None:
        self.begun = self.machine.joules

    def update(self) -> None:
        self.looks += 1

    def stop(self) -> Any:
        self.windows.append(self.share * (self.machine.joules - self.begun))
        return self.broken or {self.answer[0]: self.windows[-1]}


@dataclass
class WorkingModel:
    """Takes `call_s` a call."""

    machine: Machine
    call_s: float = 0.002
    input_type: Any = None
    native: Any = None
    predict_proba: Any = None
    decision_function: Any = None

    def prepare(self, rows: Any) -> Any:
        return rows.array()

    def predict(self, x: Any) -> Any:
        self.machine.work(self.call_s)
        return np.zeros(len(x))

    def close(self) -> None:
        pass


@pytest.fixture
def machine() -> Any:
    return Machine()


@pytest.fixture
def model(machine: Any) -> Any:
    return WorkingModel(machine)


@pytest.fixture
def make_meter(machine: Any) -> Any:
    return lambda **options: FakeMeter(machine, **options)


@pytest.fixture
def none() -> Any:
    return NotMeasured(code="permission-denied", text="root alone reads it", hint="sudo chmod a+r it")


@pytest.fixture
def make_context(tmp_path: Path, model: Any) -> Any:
    def make(meters: Any, facts: Any, *, tags: Any = ("cpu",), rows: int = 500) -> Any:
        array = np.arange(rows, dtype=float).reshape(-1, 1)
        return TestContext(
            candidate="original",
            platform=PlatformSpec(id="cpu-1t", tags=tags, threads=1),
            artefact=Artefact(path=tmp_path, format="woodwork-file", facts=make_model()),
            facts=make_model(),
            task="classification",
            test=DataSet(rows=Rows(array=array), target=np.zeros(rows), groups={}, facts=make_data()),
            train=None,
            load=lambda: model,
            live=lambda: model,
            scratch=tmp_path,
            seed=0,
            spawned_ns=0,
            timing_rows=10_000,
            meters=lambda: meters,
            meter_facts=facts,
        )

    return make
