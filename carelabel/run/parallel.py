"""Jobs that need no clock, side by side: conversions, predictions, scores. Never while something is being timed.

A job is a generator that yields what it asks its worker and receives the answer, or the error, at the yield. One
thread drives all of them, because workers must be spawned by the main thread (the parent-death signal is tied to it).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carelabel.run.session import WorkerError, first_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from carelabel.run.session import Session

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


def run_jobs(jobs: Iterable[Job], width: int) -> None:
    """Run all jobs, at most `width` at a time, each as soon as what it needs has ended.

    Raises:
        ValueError: If jobs need each other in a circle, or one that does not exist.
    """
    waiting, running = list(jobs), list[_Running]()
    ended: set[str] = set()
    while waiting or running:
        for job in _ready(waiting, running, ended, width):
            waiting.remove(job)
            _begin(job, running, ended)
        if running:
            _advance(running, ended)
        elif waiting and not any(job.needs <= ended for job in waiting):
            msg = f"jobs must not wait for each other: {', '.join(job.name for job in waiting)}"
            raise ValueError(msg)


def _ready(waiting: list[Job], running: list[_Running], ended: set[str], width: int) -> list[Job]:
    lanes = {item.job.lane for item in running if item.job.lane}
    chosen: list[Job] = []
    for job in waiting:
        if len(running) + len(chosen) >= width:
            break
        if job.needs <= ended and job.lane not in lanes:
            chosen.append(job)
            lanes |= {job.lane} - {""}
    return chosen


def _begin(job: Job, running: list[_Running], ended: set[str]) -> None:
    steps = job.steps()
    try:
        ask = next(steps)
    except StopIteration:
        ended.add(job.name)
        return
    _follow(_Running(job=job, steps=steps, ask=ask, deadline=0.0), running, ended)


def _follow(item: _Running, running: list[_Running], ended: set[str]) -> None:
    """Send the item's request; a worker that is already dead answers with its error at once."""
    while True:
        try:
            item.ask.session.send(item.ask.op, **item.ask.fields)
        except WorkerError as error:
            if not _resume(item, error):
                ended.add(item.job.name)
                return
            continue
        item.deadline = time.monotonic() + item.ask.timeout_s
        running.append(item)
        return


def _resume(item: _Running, answer: Answer | WorkerError) -> bool:
    """Give the job its answer; False when it has ended."""
    try:
        item.ask = item.steps.throw(answer) if isinstance(answer, WorkerError) else item.steps.send(answer)
    except StopIteration:
        return False
    return True


def _advance(running: list[_Running], ended: set[str]) -> None:
    soonest = min(running, key=lambda item: item.deadline)
    ready = first_ready([item.ask.session for item in running], max(0.0, soonest.deadline - time.monotonic()))
    item = soonest if ready is None else next(item for item in running if item.ask.session is ready)
    answer: Answer | WorkerError
    try:
        answer = item.ask.session.receive(max(0.0, item.deadline - time.monotonic()), limit_s=item.ask.timeout_s)
    except WorkerError as error:
        answer = error
    running.remove(item)
    if _resume(item, answer):
        _follow(item, running, ended)
    else:
        ended.add(item.job.name)
