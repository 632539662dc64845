"""Tests in workers of their own: memory, load times, cold starts, and whatever imports much or may crash."""

from __future__ import annotations

import contextlib
import random
import time
from typing import TYPE_CHECKING, Any

from carelabel.execute.rounds import PairedCells, summarise
from carelabel.execute.run_state import Running, ended, test_fields
from carelabel.plan.outcomes import Reason
from carelabel.process.worker_handle import WorkerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carelabel.plan import Cell, PlannedPlatform, PlannedTest
    from carelabel.process.worker_handle import Session

SPAWNS = 6
"""Turns of a paired fresh test, each a new process: the range of six holds their median at 96.9 %, of five at 93.8."""


def open_with_fresh_tests(running: Running, platform: PlannedPlatform) -> None:
    """Measure the fresh cells of a platform whose workers may go on to its rounds, and keep these workers for them.

    A candidate that has a live worker here already, or no rounds, is left to `measure_fresh`; so are all where an
    accelerator's memory would have to hold them together.
    """
    if "cuda" in platform.tags:
        return
    in_rounds = {cell.candidate for cell in running.open_cells(place="candidate", platform=platform.id)}
    first: dict[str, Cell] = {}
    for cell in _open_cells(running, platform):
        can_stay = cell.candidate in in_rounds and (cell.candidate, platform.id) not in running.live
        if can_stay and running.plan.test(cell.test).reusable:
            first.setdefault(cell.candidate, cell)
    if not first:
        return
    running.progress.phase(f"measuring in fresh workers on {platform.id}", len(first))
    with running.lock.held(running.progress.note) as waited:
        running.account.add("waiting", waited)
        for cell in first.values():
            _once(running, cell, running.plan.test(cell.test), keep=True)


def measure_fresh(running: Running) -> None:
    """Measure every cell that is still open and whose worker is a fresh one, each alone on the machine."""
    cells = _open_cells(running)
    if not cells:
        return
    running.progress.phase("measuring in fresh workers", _steps(running, cells))
    with running.lock.held(running.progress.note) as waited:
        running.account.add("waiting", waited)
        for cell in cells:
            test = running.plan.test(cell.test)
            if test.style == "once":
                _once(running, cell, test)
        paired = dict.fromkeys(
            (cell.test, cell.platform) for cell in cells if running.plan.test(cell.test).style == "paired"
        )
        for test_id, platform in paired:
            _paired(running, [cell for cell in cells if (cell.test, cell.platform) == (test_id, platform)])


def _open_cells(running: Running, platform: PlannedPlatform | None = None) -> list[Cell]:
    cells = running.open_cells(place="fresh", platform=platform.id if platform else None)
    return [cell for cell in cells if running.may_time(cell.candidate, running.where(cell).id)]


def _steps(running: Running, cells: Sequence[Cell]) -> int:
    """Steps of progress: a cell each, or the spawns that the candidates of a paired test share."""
    paired = {(cell.test, cell.platform) for cell in cells if running.plan.test(cell.test).style == "paired"}
    return sum(running.plan.test(cell.test).style == "once" for cell in cells) + SPAWNS * len(paired)


def _once(running: Running, cell: Cell, test: PlannedTest, *, keep: bool = False) -> None:
    begin = time.monotonic()
    try:
        with _fresh_worker(running, cell) as session:
            answer = session.ask("run", test.timeout_s, test=test_fields(test))
            if keep:
                _keep(running, cell, session)
    except WorkerError as error:
        running.close_cells([ended(running, cell, begin, error=error)])
    else:
        running.close_cells([ended(running, cell, begin, answer=answer)])
    running.progress.step(f"{cell.candidate} {cell.test}")


def _keep(running: Running, cell: Cell, session: Session) -> None:
    """Keep a worker for the rounds if its model still answers; what its test has measured stands in any case."""
    try:
        session.ask("ready", running.plan.load_s)
    except WorkerError as error:
        running.progress.note(f"{cell.candidate}: {cell.test} left no worker for the rounds: {error.reason.text}")
        return
    size = running.resident.get(cell.candidate, 0)
    running.keep_or_close(session, cell.candidate, running.where(cell).id, size)


@contextlib.contextmanager
def _fresh_worker(running: Running, cell: Cell) -> Iterator[Session]:
    """A worker that has loaded nothing yet; closed at the end, unless it is kept for the rounds by then.

    Raises:
        WorkerError: If it cannot be opened.
    """
    candidate, platform = running.plan.candidate(cell.candidate), running.where(cell)
    name = f"{cell.candidate}@{platform.id}@{cell.test}"
    session = running.spawn("candidate", name, platform)
    try:
        session.ask("open", running.plan.load_s, **running.opening(candidate, platform, name))
        yield session
    finally:
        if session not in running.live.values():
            session.close()


def _turn_in_fresh_worker(running: Running, cell: Cell, test: PlannedTest) -> dict[str, Any]:
    with _fresh_worker(running, cell) as session:
        points = session.ask("setup", running.plan.load_s, test=test_fields(test))["points"]
        if len(points) != 1:
            text = f"{cell.test} takes each turn in a new process, so it must name one point, got {len(points)}"
            raise WorkerError(status="failed", reason=Reason(code="not-one-point", text=text), log=session.log)
        answer = session.ask("turn", test.timeout_s, test=test.id, point=0)
        return {**answer, "points": points, "log": session.log}


def _paired(running: Running, cells: Sequence[Cell]) -> None:
    """Every turn of every candidate in a new process, in shuffled rounds."""
    test = running.plan.test(cells[0].test)
    paired = PairedCells(test=test, platform=running.where(cells[0]))
    order = random.Random(running.plan.seed)  # noqa: S311 - an order of turns, not a secret
    for cell in cells:
        paired.begin(cell)
    for number in range(SPAWNS):
        turn_order = list(cells)
        order.shuffle(turn_order)
        for cell in turn_order:
            _spawn_turn(running, paired, cell)
        running.progress.step(f"{test.id} spawn {number + 1} of {SPAWNS}")
    paired.rounds[0] = (SPAWNS, "spawns")
    running.close_cells(summarise(running, paired))


def _spawn_turn(running: Running, paired: PairedCells, cell: Cell) -> None:
    runner = paired.runners[cell.candidate]
    if runner.error is not None:
        return
    try:
        answer = _turn_in_fresh_worker(running, cell, paired.test)
    except WorkerError as error:
        paired.fail(cell.candidate, error)
        return
    if not paired.agree(cell.candidate, answer["points"], answer["log"]):
        return
    runner.points = answer["points"]
    runner.turns = runner.turns or [[]]
    runner.turns[0].append(answer["samples"])
