"""The timed phase on one platform: blocks of candidates that take turns, one at a time, the others frozen."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from carelabel.execute.fresh import open_with_fresh_tests
from carelabel.execute.parity import prove
from carelabel.execute.rounds import PairedCells, measure_rounds, summarise
from carelabel.execute.run_state import Running, ended, skipped, test_fields
from carelabel.plan import ORIGINAL, Cell, PlannedCandidate, PlannedPlatform
from carelabel.plan.outcomes import Outcome, Reason
from carelabel.process.worker_handle import WorkerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carelabel.process.worker_handle import Session


def measure_platform(running: Running, platform: PlannedPlatform) -> None:
    """Measure every cell of a platform whose worker is a live one, and the fresh ones whose workers become such."""
    prove(running, platform)
    _refuse_unproven(running, running.open_timed_cells(platform.id))
    open_with_fresh_tests(running, platform)
    names = {cell.candidate for cell in running.open_cells(place="candidate", platform=platform.id)}
    candidates = [item for item in running.plan.candidates if item.id in names]
    split = blocks(running, candidates, platform)
    number_of = _blocks_of_tests(running, split, platform)
    for block in split:
        if len(split) > 1:
            _close_others(running, platform, {item.id for item in block})
        running.progress.phase(f"measuring on {platform.id}: {', '.join(item.id for item in block)}")
        with running.lock.held(running.progress.note) as waited:
            running.account.add("waiting", waited)
            raw = _Block(running, platform, block, number_of).measure()
        running.close_cells(raw)


def _close_others(running: Running, platform: PlannedPlatform, block: set[str]) -> None:
    """End the kept workers that are not of this block: not all fit in memory."""
    for candidate, where in [key for key in running.live if key[1] == platform.id and key[0] not in block]:
        session = running.live.pop((candidate, where))
        session.thaw()
        session.close()


def _refuse_unproven(running: Running, cells: Sequence[Cell]) -> None:
    for cell in cells:
        if not running.may_time(cell.candidate, running.where(cell).id):
            built, unproven = running.built.get(cell.candidate), running.unproven_here(cell)
            why = unproven or (built.reason.text if built and built.reason else "there is no parity figure")
            reason = Reason(code="no-parity", text=f"not timed without proof that it is still the model: {why}")
            running.close_cells([skipped(cell, reason)])


def blocks(
    running: Running, candidates: Sequence[PlannedCandidate], platform: PlannedPlatform
) -> list[list[PlannedCandidate]]:
    """Split candidates so that each block fits in memory; every block holds the original, and ratios stay inside it.

    A platform with an accelerator tag gets blocks of the original and one candidate: contexts there are not shared.
    """
    room = running.room_bytes() or float("inf")
    original = [item for item in candidates if item.id == ORIGINAL]
    rest = [item for item in candidates if item.id != ORIGINAL]
    base = sum(running.resident.get(item.id, 0) for item in original) * running.plan.processes
    found: list[list[PlannedCandidate]] = []
    filled = room
    for item in rest:
        size = running.resident.get(item.id, 0) * running.plan.processes
        if not found or filled + size > room or "cuda" in platform.tags:
            found.append(list(original))
            filled = base
        found[-1].append(item)
        filled += size
    return found or ([original] if original else [])


def _blocks_of_tests(
    running: Running, split: Sequence[Sequence[PlannedCandidate]], platform: PlannedPlatform
) -> Counter[str]:
    """In how many blocks a test is measured; the original, which is in all of them, needs only one."""
    cells = running.open_cells(place="candidate", platform=platform.id)
    names = [{item.id for item in block} - {ORIGINAL} for block in split]
    return Counter(test for block in names for test in {cell.test for cell in cells if cell.candidate in block})


class _Block:
    """The candidates of one block on one platform, and their workers by candidate and number."""

    def __init__(
        self,
        running: Running,
        platform: PlannedPlatform,
        candidates: Sequence[PlannedCandidate],
        blocks_of_tests: Counter[str],
    ) -> None:
        self._running = running
        self._blocks_of_tests = blocks_of_tests
        self._platform = platform
        self._candidates = {item.id: item for item in candidates}
        self._sessions: dict[tuple[str, int], Session] = {}
        self._outcomes: list[Outcome] = []

    def measure(self) -> list[Outcome]:
        """Run the once tests, then the paired ones; summaries are computed when the workers are gone."""
        mine = [
            cell
            for cell in self._running.open_cells(place="candidate", platform=self._platform.id)
            if cell.candidate in self._candidates
        ]
        paired = list(dict.fromkeys(cell.test for cell in mine if self._running.plan.test(cell.test).style == "paired"))
        done: list[PairedCells] = []
        try:
            for cell in mine:
                if cell.test not in paired:
                    self._once(cell)
            done = [self._paired(test, self._taking_part(test, mine)) for test in paired]
        finally:
            for session in self._sessions.values():
                session.thaw()
                session.close()
        for cells in done:
            self._outcomes.extend(item for item in summarise(self._running, cells) if not self._is_closed(item))
        return self._outcomes

    def _taking_part(self, test: str, mine: Sequence[Cell]) -> list[Cell]:
        """A paired test's cells here. The original takes turns in every block, since ratios never cross blocks."""
        cells = [cell for cell in mine if cell.test == test]
        for cell in self._running.plan.cells:
            if cell.test != test or cell.candidate != ORIGINAL or cell in cells:
                continue
            earlier = self._running.cells.get((cell.candidate, cell.platform, cell.test))
            if earlier and earlier.status == "measured" and self._running.where(cell).id == self._platform.id:
                return [cell, *cells]
        return cells

    def _is_closed(self, outcome: Outcome) -> bool:
        """Whether the cell has its outcome from an earlier block, which stays."""
        return (outcome.candidate, outcome.platform, outcome.test) in self._running.cells

    def _once(self, cell: Cell) -> None:
        test = self._running.plan.test(cell.test)
        begin = time.monotonic()
        session = None
        try:
            session = self._session(cell.candidate)
            session.thaw()
            answer = session.ask("run", test.timeout_s, test=test_fields(test))
            session.freeze()
        except WorkerError as error:
            self._lost(session, error)
            self._outcomes.append(ended(self._running, cell, begin, error=error))
        else:
            self._outcomes.append(ended(self._running, cell, begin, answer=answer))
        self._running.progress.step(f"{cell.candidate} {cell.test}")

    def _paired(self, test_id: str, cells: Sequence[Cell]) -> PairedCells:
        blocks_of_test = max(1, self._blocks_of_tests[test_id])
        paired = PairedCells(test=self._running.plan.test(test_id), platform=self._platform, blocks=blocks_of_test)
        for cell in cells:
            paired.begin(cell)
            for number in range(self._running.plan.processes):
                if paired.runners[cell.candidate].error is None:
                    self._set_up(paired, cell.candidate, number)
        measure_rounds(self._running, paired, lost=self._lost)
        return paired

    def _set_up(self, paired: PairedCells, name: str, number: int) -> None:
        session = None
        try:
            session = self._session(name, number)
            session.thaw()
            timeout_s = self._running.plan.load_s + paired.test.timeout_s
            answer = session.ask("setup", timeout_s, test=test_fields(paired.test))
            session.freeze()
        except WorkerError as error:
            self._lost(session, error)
            paired.fail(name, error)
        else:
            paired.ready(name, session, answer["points"])

    def _session(self, name: str, number: int = 0) -> Session:
        """A frozen worker of a candidate; a new one where the last has died or there was none."""
        if (name, number) not in self._sessions:
            kept = None if number else self._running.live.pop((name, self._platform.id), None)
            self._sessions[name, number] = kept or self._open(name, number)
        return self._sessions[name, number]

    def _open(self, name: str, number: int) -> Session:
        candidate = self._candidates[name]
        label = f"{name}@{self._platform.id}" + (f"@{number + 1}" if number else "")
        session = self._running.spawn("candidate", label, self._platform)
        try:
            session.ask("open", self._running.plan.load_s, **self._running.opening(candidate, self._platform, label))
            session.ask("load", self._running.plan.load_s)
        except WorkerError:
            session.close()
            raise
        session.freeze()
        return session

    def _lost(self, session: Session | None, error: WorkerError) -> None:
        """After a crash or a hang the worker is gone; after an exception it goes on, frozen."""
        if session is None:
            return
        if error.status == "failed":
            session.freeze()
        else:
            session.close()
            self._sessions = {key: other for key, other in self._sessions.items() if other is not session}


def measure_all(running: Running) -> None:
    """Measure every platform of the plan, then end the workers that nothing needed."""
    for platform in running.plan.platforms:
        measure_platform(running, platform)
        for key in [key for key in running.live if key[1] == platform.id]:
            session: Any = running.live.pop(key)
            session.thaw()
            session.close()
