"""The timed phase on one platform: blocks of candidates that take turns, one at a time, the others frozen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from carelabel.plan import ORIGINAL, Cell, PlannedCandidate, PlannedPlatform
from carelabel.portable import available_memory_bytes
from carelabel.run.outcomes import Outcome, Reason
from carelabel.run.rounds import PairedCells, measure_rounds, summarise
from carelabel.run.running import START_S, Running, ended, skipped, test_fields
from carelabel.run.session import WorkerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carelabel.run.session import Session

MEMORY_SHARE = 0.6
"""Share of the available memory that the workers of one block may fill."""


def measure_platform(running: Running, platform: PlannedPlatform) -> None:
    """Measure every cell of a platform whose worker is a live one."""
    open_cells = running.open_cells(place="candidate", platform=platform.id)
    _refuse_unproven(running, open_cells)
    names = {cell.candidate for cell in running.open_cells(place="candidate", platform=platform.id)}
    candidates = [item for item in running.plan.candidates if item.id in names]
    for block in blocks(running, candidates, platform):
        running.progress.phase(f"measuring on {platform.id}: {', '.join(item.id for item in block)}")
        with running.lock.held(running.progress.note) as waited:
            running.account.add("waiting", waited)
            raw = _Block(running, platform, block).measure()
        running.close_cells(raw)


def _refuse_unproven(running: Running, cells: Sequence[Cell]) -> None:
    for cell in cells:
        if not running.may_time(cell.candidate):
            built = running.built.get(cell.candidate)
            why = built.reason.text if built and built.reason else "there is no parity figure"
            reason = Reason(code="no-parity", text=f"not timed without proof that it is still the model: {why}")
            running.close_cells([skipped(cell, reason)])


def blocks(
    running: Running, candidates: Sequence[PlannedCandidate], platform: PlannedPlatform
) -> list[list[PlannedCandidate]]:
    """Split candidates so that each block fits in memory; every block holds the original, and ratios stay inside it.

    A platform with an accelerator tag gets blocks of the original and one candidate: contexts there are not shared.
    """
    available = available_memory_bytes()
    room = available * MEMORY_SHARE if available else float("inf")
    original = [item for item in candidates if item.id == ORIGINAL]
    rest = [item for item in candidates if item.id != ORIGINAL]
    base = sum(running.resident.get(item.id, 0) for item in original)
    found: list[list[PlannedCandidate]] = []
    filled = room
    for item in rest:
        size = running.resident.get(item.id, 0)
        if not found or filled + size > room or "cuda" in platform.tags:
            found.append(list(original))
            filled = base
        found[-1].append(item)
        filled += size
    return found or ([original] if original else [])


class _Block:
    """The candidates of one block on one platform, and their workers."""

    def __init__(self, running: Running, platform: PlannedPlatform, candidates: Sequence[PlannedCandidate]) -> None:
        self._running = running
        self._platform = platform
        self._candidates = {item.id: item for item in candidates}
        self._sessions: dict[str, Session] = {}
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
        try:
            session = self._session(cell.candidate)
            session.thaw()
            answer = session.ask("run", test.timeout_s, test=test_fields(test))
            session.freeze()
        except WorkerError as error:
            self._lost(cell.candidate, error)
            self._outcomes.append(ended(self._running, cell, begin, error=error))
        else:
            self._outcomes.append(ended(self._running, cell, begin, answer=answer))
        self._running.progress.step(f"{cell.candidate} {cell.test}")

    def _paired(self, test_id: str, cells: Sequence[Cell]) -> PairedCells:
        paired = PairedCells(test=self._running.plan.test(test_id), platform=self._platform)
        for cell in cells:
            paired.begin(cell)
            try:
                session = self._session(cell.candidate)
                session.thaw()
                answer = session.ask("setup", START_S + paired.test.timeout_s, test=test_fields(paired.test))
                session.freeze()
            except WorkerError as error:
                self._lost(cell.candidate, error)
                paired.fail(cell.candidate, error)
            else:
                paired.ready(cell.candidate, session, answer["points"])
        measure_rounds(self._running, paired, lost=self._lost)
        return paired

    def _session(self, name: str) -> Session:
        """The frozen worker of a candidate; a new one where the last has died or there was none."""
        if name not in self._sessions:
            kept = self._running.live.pop((name, self._platform.id), None)
            self._sessions[name] = kept or self._open(name)
        return self._sessions[name]

    def _open(self, name: str) -> Session:
        candidate = self._candidates[name]
        label = f"{name}@{self._platform.id}"
        session = self._running.spawn("candidate", label, self._platform)
        try:
            session.ask("open", START_S, **self._running.opening(candidate, self._platform, label))
            session.ask("load", START_S)
        except WorkerError:
            session.close()
            raise
        session.freeze()
        return session

    def _lost(self, name: str, error: WorkerError) -> None:
        """After a crash or a hang the worker is gone; after an exception it goes on, frozen."""
        session = self._sessions.get(name)
        if session is None:
            return
        if error.status == "failed":
            session.freeze()
        else:
            session.close()
            del self._sessions[name]


def measure_all(running: Running) -> None:
    """Measure every platform of the plan, then end the workers that nothing needed."""
    for platform in running.plan.platforms:
        measure_platform(running, platform)
        for key in [key for key in running.live if key[1] == platform.id]:
            session: Any = running.live.pop(key)
            session.thaw()
            session.close()
