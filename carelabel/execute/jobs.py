"""Jobs that need no clock, side by side: conversions, predictions, scores. Never while something is being timed.

A job is a generator that yields what it asks its worker and receives the answer, or the error, at the yield. One
thread drives all of them, because workers must be spawned by the main thread (the parent-death signal is tied to it).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carelabel.process.time_accounting import AtWork
from carelabel.process.worker_handle import WorkerError, first_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from carelabel.process.worker_handle import Session

Answer = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One request of a job."""

    session: Session
    op: str
    timeout_s: float
    fields: Mapping[str, Any] = field(default_factory=dict)


Steps = "Generator[Ask, Answer, None]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job.

    Attributes:
        needs: Names of jobs that must have ended before; how they ended is for the steps to look at.
        lane: Jobs of one lane never run at the same time (they share a worker).
    """

    name: str
    steps: Callable[[], Generator[Ask, Answer, None]]
    needs: frozenset[str] = frozenset()
    lane: str = ""


@dataclass(slots=True)
class _Running:
    job: Job
    steps: Generator[Ask, Answer, None]
    ask: Ask
    deadline: float


@dataclass(kw_only=True, slots=True)
class _Hall:
    """Jobs that have a request open, and names of those that have ended."""

    at_work: AtWork
    tell: Callable[[Job], None] = lambda _: None
    running: list[_Running] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)

    def end(self, job: Job) -> None:
        """A job has ended."""
        self.ended.add(job.name)
        self.tell(job)


def run_jobs(
    jobs: Iterable[Job], width: int, at_work: AtWork | None = None, tell: Callable[[Job], None] = lambda _: None
) -> None:
    """Run all jobs, at most `width` at a time, each as soon as what it needs has ended.

    Args:
        at_work: Is told when a request begins and ends.
        tell: Is called with every job once it has ended, however it did.

    Raises:
        ValueError: If jobs need each other in a circle, or one that does not exist.
    """
    waiting, hall = list(jobs), _Hall(at_work=at_work or AtWork(), tell=tell)
    while waiting or hall.running:
        ready = _ready(waiting, hall, width)
        for job in ready:
            waiting.remove(job)
            _begin(job, hall)
        if ready:
            continue  # one that had nothing to ask has ended at once and made room for others
        if hall.running:
            _advance(hall)
        else:
            msg = f"jobs must not wait for each other: {', '.join(job.name for job in waiting)}"
            raise ValueError(msg)


def _ready(waiting: list[Job], hall: _Hall, width: int) -> list[Job]:
    lanes = {item.job.lane for item in hall.running if item.job.lane}
    chosen: list[Job] = []
    for job in waiting:
        if len(hall.running) + len(chosen) >= width:
            break
        if job.needs <= hall.ended and job.lane not in lanes:
            chosen.append(job)
            lanes |= {job.lane} - {""}
    return chosen


def _begin(job: Job, hall: _Hall) -> None:
    steps = job.steps()
    try:
        ask = next(steps)
    except StopIteration:
        hall.end(job)
        return
    _follow(_Running(job=job, steps=steps, ask=ask, deadline=0.0), hall)


def _follow(item: _Running, hall: _Hall) -> None:
    """Send the item's request; a worker that is already dead answers with its error at once."""
    while True:
        try:
            item.ask.session.send(item.ask.op, **item.ask.fields)
        except WorkerError as error:
            if not _resume(item, error):
                hall.end(item.job)
                return
            continue
        item.deadline = time.monotonic() + item.ask.timeout_s
        hall.running.append(item)
        hall.at_work.begin()
        return


def _resume(item: _Running, answer: Answer | WorkerError) -> bool:
    """Give the job its answer; False when it has ended."""
    try:
        item.ask = item.steps.throw(answer) if isinstance(answer, WorkerError) else item.steps.send(answer)
    except StopIteration:
        return False
    return True


def _advance(hall: _Hall) -> None:
    soonest = min(hall.running, key=lambda item: item.deadline)
    sessions = [item.ask.session for item in hall.running]
    ready = first_ready(sessions, max(0.0, soonest.deadline - time.monotonic()))
    item = soonest if ready is None else next(item for item in hall.running if item.ask.session is ready)
    answer: Answer | WorkerError
    try:
        answer = item.ask.session.receive(max(0.0, item.deadline - time.monotonic()), limit_s=item.ask.timeout_s)
    except WorkerError as error:
        answer = error
    hall.running.remove(item)
    hall.at_work.end()
    if _resume(item, answer):
        _follow(item, hall)
    else:
        hall.end(item.job)
