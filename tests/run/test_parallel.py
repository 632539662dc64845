"""Jobs side by side: order, lanes, errors. The sessions are fakes that answer at once."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from carelabel.execute import jobs as parallel
from carelabel.execute.jobs import Ask, Job, run_jobs
from carelabel.plan.outcomes import Reason
from carelabel.process.worker_handle import WorkerError

Steps = Generator[Ask, dict[str, Any], None]


class FakeSession:
    """Answers what it was told to, or raises it."""

    def __init__(self, *answers: Any, send_error: WorkerError | None = None) -> None:
        self.answers = list(answers)
        self.sent: list[str] = []
        self.send_error = send_error

    def send(self, op: str, **_: Any) -> None:
        if self.send_error:
            raise self.send_error
        self.sent.append(op)

    def receive(self, timeout_s: float, *, limit_s: float | None = None) -> dict[str, Any]:
        del timeout_s
        answer = self.answers.pop(0)
        if isinstance(answer, WorkerError):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def _last_asked_answers_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "first_ready", lambda sessions, _timeout: sessions[-1])


def crash() -> WorkerError:
    return WorkerError("crashed", Reason(code="segfault", text="gone"), Path("log"))


def ask(session: FakeSession, op: str) -> Ask:
    return Ask(session=session, op=op, timeout_s=1.0)  # type: ignore[arg-type]  # a fake


def test_a_job_begins_when_what_it_needs_has_ended() -> None:
    log: list[str] = []

    def steps(name: str) -> Steps:
        log.append(f"begin {name}")
        yield ask(FakeSession({}), name)
        log.append(f"end {name}")

    jobs = [
        Job(name="c", steps=lambda: steps("c"), needs=frozenset({"a", "b"})),
        Job(name="a", steps=lambda: steps("a")),
        Job(name="b", steps=lambda: steps("b"), needs=frozenset({"a"})),
    ]
    run_jobs(jobs, width=4)
    assert log == ["begin a", "end a", "begin b", "end b", "begin c", "end c"]


def test_at_most_width_jobs_run_and_jobs_of_a_lane_never_together() -> None:
    open_now: set[str] = set()
    most: list[int] = []

    def steps(name: str) -> Steps:
        open_now.add(name)
        assert len({item for item in open_now if item.startswith("lane")}) <= 1
        most.append(len(open_now))
        yield ask(FakeSession({}), name)
        open_now.discard(name)

    def job(name: str, lane: str = "") -> Job:
        return Job(name=name, steps=lambda: steps(name), lane=lane)

    run_jobs([job("lane1", "x"), job("lane2", "x"), *(job(f"free{n}") for n in range(6))], width=3)
    assert max(most) == 3


def test_an_error_is_raised_at_the_yield_and_the_job_may_go_on() -> None:
    log: list[str] = []

    def steps() -> Steps:
        try:
            yield ask(FakeSession(crash()), "first")
        except WorkerError as error:
            log.append(error.reason.code)
        try:
            yield ask(FakeSession(send_error=crash()), "dead")
        except WorkerError as error:
            log.append(error.status)
        answer = yield ask(FakeSession({"x": 1}), "third")
        log.append(str(answer["x"]))

    run_jobs([Job(name="a", steps=steps)], width=1)
    assert log == ["segfault", "crashed", "1"]


def test_a_job_without_questions_ends_at_once() -> None:
    def steps() -> Steps:
        return
        yield

    ended: list[str] = []

    def after() -> Steps:
        ended.append("after")
        return
        yield

    run_jobs([Job(name="b", steps=after, needs=frozenset({"a"})), Job(name="a", steps=steps)], width=1)
    assert ended == ["after"]


def test_the_room_of_a_job_that_ends_at_once_is_taken_before_an_answer_is_waited_for() -> None:
    log: list[str] = []

    def nothing() -> Steps:
        return
        yield

    def steps(name: str) -> Steps:
        log.append(f"begin {name}")
        yield ask(FakeSession({}), name)
        log.append(f"end {name}")

    jobs = [
        Job(name="slow", steps=lambda: steps("slow")),
        Job(name="cached", steps=nothing),
        Job(name="next", steps=lambda: steps("next"), needs=frozenset({"cached"})),
    ]
    run_jobs(jobs, width=2)
    assert log == ["begin slow", "begin next", "end next", "end slow"]


def test_jobs_that_wait_for_each_other_are_refused() -> None:
    def steps() -> Steps:
        return
        yield

    jobs = [
        Job(name="a", steps=steps, needs=frozenset({"b"})),
        Job(name="b", steps=steps, needs=frozenset({"a"})),
    ]
    with pytest.raises(ValueError, match="jobs must not wait for each other: a, b"):
        run_jobs(jobs, width=2)
