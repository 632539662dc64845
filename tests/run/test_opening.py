"""Candidates that are opened while the original predicts, and the scorer that imports ahead: nothing waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from carelabel.execute import build as building
from carelabel.execute import scoring as scorer
from carelabel.execute.run_state import Running
from carelabel.plan import ORIGINAL
from carelabel.plan.outcomes import Reason
from carelabel.process.worker_handle import WorkerError
from tests.run.fake_run import LOG, FakeWorker, refusal, spawns

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from carelabel.execute.jobs import Ask


def drive(steps: Generator[Ask, dict[str, Any], None]) -> list[str]:
    """Give a job its answers; the ops that it has asked for."""
    asked: list[str] = []
    answer: dict[str, Any] | WorkerError | None = None
    while True:
        try:
            ask = steps.throw(answer) if isinstance(answer, WorkerError) else steps.send(answer)  # type: ignore[arg-type]
        except StopIteration:
            return asked
        asked.append(ask.op)
        try:
            answer = ask.session.ask(ask.op, ask.timeout_s, **ask.fields)
        except WorkerError as error:
            answer = error


@pytest.fixture
def started(running: Running, monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeWorker]:
    """Workers by name, as a run starts them, where there is memory for all."""
    del running
    monkeypatch.setattr(Running, "has_room_for", lambda *_: True)
    return spawns(monkeypatch, lambda _: [])


def ahead(running: Running, name: str) -> list[str]:
    return drive(building._open_ahead(running, running.plan.candidate(name)))


def predict(running: Running, name: str) -> list[str]:
    return drive(building._predict(running, running.plan.candidate(name)))


def test_it_waits_frozen_until_the_original_has_predicted(running: Running, started: dict[str, FakeWorker]) -> None:
    assert ahead(running, ORIGINAL) == []
    assert ahead(running, "planks") == ["open", "load"]
    (worker,) = started.values()
    assert worker.now == "frozen"
    assert predict(running, ORIGINAL) == ["open", "load", "predict"]
    assert predict(running, "planks") == ["predict"]
    assert running.live["planks", "cpu-all"] is worker  # type: ignore[comparison-overlap]  # a fake
    assert not running.opened


def test_once_the_original_has_predicted_nothing_is_opened_ahead(
    running: Running, started: dict[str, FakeWorker]
) -> None:
    predict(running, ORIGINAL)
    assert ahead(running, "planks") == []
    assert predict(running, "planks") == ["open", "load", "predict"]
    assert len(started) == 2


def test_nothing_is_opened_ahead_where_memory_is_short(
    running: Running, started: dict[str, FakeWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def room(_: Running, size: int) -> bool:
        asked.append(size)
        return len(asked) < 2

    monkeypatch.setattr(Running, "has_room_for", room)
    next(building._open_ahead(running, running.plan.candidate("planks")))  # one that is still loading counts
    assert ahead(running, "logs") == []
    assert asked == [building.LEAST_IN_MEMORY, 2 * building.LEAST_IN_MEMORY]
    assert len(started) == 1


def fails(op: str) -> Callable[..., dict[str, Any]]:
    def ask(_: FakeWorker, asked: str, *__: Any, **___: Any) -> dict[str, Any]:
        if asked == op:
            text = "it broke"
            raise refusal(text)
        return {}

    return ask


def test_one_that_cannot_be_loaded_fails_once(
    running: Running, started: dict[str, FakeWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeWorker, "ask", fails("load"))
    ahead(running, "planks")
    predict(running, "planks")
    (worker,) = started.values()
    assert worker.now == "closed"
    reason = running.built["planks"].reason
    assert reason
    assert reason.text == "prediction of the test rows failed: it broke"
    assert not running.opened
    assert not running.live


def test_one_that_cannot_predict_after_it_has_waited_is_closed(
    running: Running, started: dict[str, FakeWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead(running, "planks")
    monkeypatch.setattr(FakeWorker, "ask", fails("predict"))
    assert predict(running, ORIGINAL) == ["open", "load", "predict"]
    assert predict(running, "planks") == ["predict"]
    assert {worker.now for worker in started.values()} == {"closed"}
    assert running.unusable == {ORIGINAL, "planks"}
    assert not running.opened


def test_one_that_has_died_while_it_waited_is_opened_again(running: Running, started: dict[str, FakeWorker]) -> None:
    ahead(running, "planks")
    (worker,) = started.values()
    worker.now = "dead"
    predict(running, ORIGINAL)
    assert predict(running, "planks") == ["open", "load", "predict"]
    assert worker.now == "closed"
    assert running.live["planks", "cpu-all"] is not worker  # type: ignore[comparison-overlap]  # a fake


class Dying:
    """A scorer that does not come back from an import."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, op: str, _: float, **__: Any) -> dict[str, Any]:
        self.asked.append(op)
        if op == "prepare":
            reason = Reason(code="timeout", text="no answer")
            raise WorkerError(status="timed_out", reason=reason, log=LOG)
        return {"measurements": []}


def test_a_scorer_that_hangs_in_an_import_is_replaced(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Dying] = []

    def spawn(_: Running, role: str, *__: Any) -> Dying:
        assert role == "scorer"
        started.append(Dying())
        return started[-1]

    monkeypatch.setattr(Running, "spawn", spawn)
    assert drive(scorer.prepare_scorer(running)) == ["open", "prepare"]
    assert running.scorer is None
    scorer.ask_scorer_now(running, {"what": "test"}, timeout_s=1.0)
    assert [each.asked for each in started] == [["open", "prepare"], ["open", "score"]]


def test_a_run_without_anything_to_score_starts_no_scorer(running: Running) -> None:
    running.cells = dict.fromkeys(  # type: ignore[assignment]  # only their keys are looked at
        ((cell.candidate, cell.platform, cell.test) for cell in running.plan.cells), None
    )
    assert drive(scorer.prepare_scorer(running)) == []
