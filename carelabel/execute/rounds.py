"""Paired rounds: in every round each candidate takes one turn at each point, in shuffled order.

A candidate can have several processes, which take its rounds in turn. Two processes of one program differ for as long
as they live, by 2 to 5 % of a call's time for a forest of 10 MB, depending on where their memory lies: one alone gives
narrow intervals around a figure that the next start would not give again.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from carelabel.execute.run_state import Running, test_fields
from carelabel.execute.scoring import ask_scorer_now
from carelabel.plan import ORIGINAL, Cell, PlannedPlatform, PlannedTest
from carelabel.plan.outcomes import Outcome, Reason, Status
from carelabel.process.worker_handle import WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from carelabel.process.worker_handle import Session

PILOT_ROUNDS = 5

Samples = dict[str, Any]
At = dict[str, Any]


@dataclass(kw_only=True, slots=True)
class _Runner:
    """One candidate in the rounds; `turns` holds a list of samples for every point, `sessions` its processes."""

    cell: Cell
    begin: float
    sessions: list[Session] = field(default_factory=list)
    points: list[At] = field(default_factory=list)
    turns: list[list[Samples]] = field(default_factory=list)
    error: WorkerError | None = None


@dataclass(kw_only=True, slots=True)
class PairedCells:
    """One paired test on the candidates of a block.

    Attributes:
        blocks: Number of blocks that share the test's seconds on this platform.
        points: Those that the first to set up has named; every other must name the same.
        rounds: Point to its planned number of rounds and what decided on it.
    """

    test: PlannedTest
    platform: PlannedPlatform
    blocks: int = 1
    runners: dict[str, _Runner] = field(default_factory=dict)
    points: list[At] | None = None
    rounds: dict[int, tuple[int, str]] = field(default_factory=dict)

    def begin(self, cell: Cell) -> None:
        """A candidate enters."""
        self.runners[cell.candidate] = _Runner(cell=cell, begin=time.monotonic())

    def ready(self, candidate: str, session: Session, points: Sequence[At]) -> None:
        """A process of a candidate has set up and named its points."""
        if not self.agree(candidate, points, session.log):
            return
        runner = self.runners[candidate]
        runner.sessions.append(session)
        runner.points = list(points)
        runner.turns = [[] for _ in points]

    def agree(self, candidate: str, points: Sequence[At], log: Path) -> bool:
        """Whether a candidate has named the points of all; else it is out, for there is nothing to compare it with."""
        if self.points is None:
            self.points = list(points)
        if list(points) == self.points:
            return True
        text = f"every candidate must name the points of the first, {self.points!s:.200}, got {list(points)!s:.200}"
        self.fail(candidate, WorkerError(status="failed", reason=Reason(code="other-points", text=text), log=log))
        return False

    def fail(self, candidate: str, error: WorkerError) -> None:
        """A candidate is out of the rounds; what it gave so far does not count."""
        self.runners[candidate].error = error

    @property
    def running(self) -> list[_Runner]:
        """Candidates that are still in."""
        return [runner for runner in self.runners.values() if runner.error is None and runner.sessions]


def measure_rounds(running: Running, paired: PairedCells, lost: Callable[[Session, WorkerError], None]) -> None:
    """A pilot, then as many rounds as the pilot says: fixed before they begin, no peeking afterwards."""
    points = len(paired.points or ())
    order = random.Random(running.plan.seed)  # noqa: S311 - an order of turns, not a secret
    pilot_s = [0.0] * points
    where = f"{paired.test.id} on {paired.platform.id}"
    running.progress.phase(f"{where}, pilot", PILOT_ROUNDS)
    for number in range(PILOT_ROUNDS):
        for point in range(points):
            begin = time.monotonic()
            _round(paired, (number, point), order, lost)
            pilot_s[point] += time.monotonic() - begin
        running.progress.step(f"round {number + 1} of {PILOT_ROUNDS}")
    share_s = (paired.test.budget_s or 0.0) / max(1, points * paired.blocks)
    for point in range(points):
        round_s = pilot_s[point] / PILOT_ROUNDS
        paired.rounds[point] = _rounds_needed(running, paired, point, round_s=round_s, budget_s=share_s)
    most = max((rounds for rounds, _ in paired.rounds.values()), default=PILOT_ROUNDS)
    running.progress.phase(where, most - PILOT_ROUNDS)
    for number in range(PILOT_ROUNDS, most):
        for point in range(points):
            if number < paired.rounds[point][0]:
                _round(paired, (number, point), order, lost)
        running.progress.step(f"round {number + 1} of {most}")


def _round(
    paired: PairedCells, place: tuple[int, int], order: random.Random, lost: Callable[[Session, WorkerError], None]
) -> None:
    """One round, by its number, at one point."""
    number, point = place
    runners = paired.running
    order.shuffle(runners)
    for runner in runners:
        session = runner.sessions[number % len(runner.sessions)]
        try:
            session.thaw()
            answer = session.ask("turn", paired.test.timeout_s, test=paired.test.id, point=point)
            session.freeze()
        except WorkerError as error:
            lost(session, error)
            paired.fail(runner.cell.candidate, error)
        else:
            runner.turns[point].append(answer["samples"])


def _rounds_needed(
    running: Running, paired: PairedCells, point: int, *, round_s: float, budget_s: float
) -> tuple[int, str]:
    """Rounds in all, the pilot's included, and whether precision or budget decided on them.

    A candidate whose pilot cannot be evaluated is out: nobody knows how well its figures would be known.
    """

    def ask(runners: Sequence[_Runner]) -> dict[str, Any]:
        fields = {
            "what": "pilot",
            "test": test_fields(paired.test),
            "series": [runner.turns[point] for runner in runners],
            "round_s": round_s,
            "budget_s": budget_s,
        }
        return ask_scorer_now(running, fields, timeout_s=paired.test.timeout_s)

    while runners := paired.running:
        try:
            answer = ask(runners)
        except WorkerError as error:
            _fail_culprits(paired, runners, ask, error)
        else:
            return max(PILOT_ROUNDS, int(answer["rounds"])), str(answer["ended_by"])
    return PILOT_ROUNDS, "pilot-failed"


def _fail_culprits(
    paired: PairedCells, runners: Sequence[_Runner], ask: Callable[[Sequence[_Runner]], object], error: WorkerError
) -> None:
    """Put those out whose own pilot cannot be evaluated, or all when each one's can and only theirs together cannot."""
    errors = {runner.cell.candidate: error for runner in runners}
    if len(runners) > 1:
        alone = {runner.cell.candidate: _error_of(partial(ask, [runner])) for runner in runners}
        errors = {name: found for name, found in alone.items() if found is not None} or errors
    for name, found in errors.items():
        text = f"its pilot could not be evaluated: {found.reason.text}"
        paired.fail(name, WorkerError(found.status, replace(found.reason, text=text), found.log))


def _error_of(question: Callable[[], object]) -> WorkerError | None:
    try:
        question()
    except WorkerError as error:
        return error
    return None


def summarise(running: Running, paired: PairedCells) -> list[Outcome]:
    """Figures of every candidate, computed by the test's own code in the scorer."""
    name = f"{paired.test.id}@{paired.platform.id}@{'+'.join(list(paired.runners)[1:2]) or ORIGINAL}"
    samples = running.write_samples(name, _rows(paired))
    return [_outcome(running, paired, runner, samples) for runner in paired.runners.values()]


def _rows(paired: PairedCells) -> list[Mapping[str, Any]]:
    return [
        {"candidate": runner.cell.candidate, "at": at, "round": number, "samples": turn}
        for runner in paired.runners.values()
        for at, turns in zip(runner.points, runner.turns, strict=True)
        for number, turn in enumerate(turns)
    ]


def _outcome(running: Running, paired: PairedCells, runner: _Runner, samples: str) -> Outcome:
    cell = runner.cell
    measurements: list[Mapping[str, Any]] = []
    error = runner.error
    original = paired.runners.get(ORIGINAL)
    if original is runner or (original is not None and original.error is not None):
        original = None
    for point, at in enumerate(runner.points if error is None else ()):
        fields = {
            "what": "summarise",
            "test": test_fields(paired.test),
            "at": at,
            "own": runner.turns[point],
            "original": original.turns[point] if original else None,
            "ended_by": paired.rounds[point][1],
            "processes": len(runner.sessions) or len(runner.turns[point]),
        }
        try:
            measurements.extend(ask_scorer_now(running, fields, timeout_s=paired.test.timeout_s)["measurements"])
        except WorkerError as failure:
            error = failure
            break
    status: Status = "measured"
    reason, log = None, None
    if error is not None:
        status, reason, log = error.status, error.reason, running.folder.relative(error.log)
    elif not measurements:
        status = "failed"
        reason = Reason(code="no-figures", text=f"{paired.test.id} named no points and gave no figures")
    return Outcome(
        candidate=cell.candidate,
        platform=cell.platform,
        test=cell.test,
        status=status,
        reason=reason,
        measurements=tuple(measurements) if status == "measured" else (),
        seconds=round(time.monotonic() - runner.begin, 3),
        log=log,
        samples=samples,
    )
