"""What all phases of a run share: plan, folder, journal, and how workers are opened and cells are closed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carelabel.base.json_codec import to_json
from carelabel.base.linux import available_memory_bytes
from carelabel.execute.original_file import OriginalFile
from carelabel.execute.outcome_check import held
from carelabel.plan import ORIGINAL, REFERENCE, Cell, Plan, PlannedCandidate, PlannedPlatform, PlannedTest
from carelabel.plan.outcomes import Built, Outcome, Reason
from carelabel.process.worker_handle import Session, WorkerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carelabel.execute.journal import CellKey, Journal
    from carelabel.execute.progress import Progress
    from carelabel.execute.workspace import RunFolder
    from carelabel.model.facts import Subject
    from carelabel.process.machine_lock import MeasuringLock
    from carelabel.process.time_accounting import Account

MEMORY_SHARE = 0.6
"""Share of the available memory that living workers may fill."""

START_S = 120.0
"""Seconds that a worker without a model may take to open; one with a model has the plan's `load_s`."""


@dataclass(kw_only=True, slots=True)
class Running:
    """A run under way.

    Attributes:
        artefacts: Candidate id to its artefact as JSON, for candidates that are built.
        built: Candidate id to how its building ended.
        cells: Outcomes so far; a resumed run begins with those of its journal.
        resident: Candidate id to the resident bytes of its worker after it has predicted.
        opened: Workers that have loaded a candidate and wait, frozen, for the original to have predicted, by candidate;
            None while one is loading.
        predicted: Candidates whose turn to predict is over, however it ended.
        live: Workers that are kept for the timed phase, by (candidate, platform), frozen.
        notes: Candidate id to what was noticed while it predicted (answers that change, NaN).
        unusable: Candidates that could not predict the test rows.
        unproven: Why a candidate must not be timed on a platform, by (candidate, platform).
        scorer: The scorer, once it is needed.
    """

    plan: Plan
    subject: Subject
    folder: RunFolder
    journal: Journal
    progress: Progress
    account: Account
    lock: MeasuringLock
    artefacts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    built: dict[str, Built] = field(default_factory=dict)
    cells: dict[CellKey, Outcome] = field(default_factory=dict)
    resident: dict[str, int] = field(default_factory=dict)
    opened: dict[str, Session | None] = field(default_factory=dict)
    predicted: set[str] = field(default_factory=set)
    live: dict[tuple[str, str], Session] = field(default_factory=dict)
    notes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    unusable: set[str] = field(default_factory=set)
    unproven: dict[tuple[str, str | None], Reason] = field(default_factory=dict)
    scorer: Session | None = None
    sessions: list[Session] = field(default_factory=list)
    original_file: OriginalFile = field(init=False)

    def __post_init__(self) -> None:
        """Begin to look after the model file."""
        self.original_file = OriginalFile(self.subject.submission)

    def spawn(self, role: str, name: str, platform: PlannedPlatform | None) -> Session:
        """Start a worker that this run accounts for and cleans up."""
        session = Session.spawn(role, name=name, log=self.folder.log(name), platform=platform)
        self.sessions.append(session)
        return self.account.watch(session)

    def data(self) -> dict[str, str | None]:
        """Folders of the data as the inspector laid them down."""
        train = self.subject.train
        return {"test": self.subject.test.folder, "train": train.folder if train else None}

    def source(self, candidate: str, name: str) -> Mapping[str, Any]:
        """The artefact of a candidate as JSON, for a worker that will load it.

        Raises:
            WorkerError: If it is the original's, and the file has been replaced since it was hashed.
        """
        reason = self.original_file.changed() if candidate == ORIGINAL else None
        if reason is not None:
            raise WorkerError(status="failed", reason=reason, log=self.folder.log(name))
        return self.artefacts[candidate]

    def opening(self, candidate: PlannedCandidate, platform: PlannedPlatform, name: str) -> dict[str, Any]:
        """Fields of the ``open`` request for a candidate worker.

        Raises:
            WorkerError: As `source`.
        """
        return {
            "candidate": candidate.id,
            "artefact": self.source(candidate.id, name),
            "backend_entry": self.backend_entry(candidate, platform),
            "platform": to_json(platform),
            "facts": to_json(self.subject.model),
            "task": self.plan.task,
            "data": self.data(),
            "scratch": str(self.folder.scratch(name)),
            "seed": self.plan.seed,
            "timing_rows": self.subject.submission.limits.timing_rows,
            "meters": [dict(meter) for meter in self.plan.meters],
        }

    def backend_entry(self, candidate: PlannedCandidate, platform: PlannedPlatform) -> str:
        """Entry of the backend that runs a candidate on a platform."""
        return candidate.backend_entries.get(platform.id, candidate.backend_entry)

    def first_platform(self, candidate: PlannedCandidate) -> PlannedPlatform:
        """The platform on which a candidate predicts for parity and runs tests that are not about a platform."""
        return next((item for item in self.plan.platforms if item.id in candidate.backends), self.plan.platforms[0])

    def open_cells(self, *, place: str, style: str | None = None, platform: str | None = None) -> list[Cell]:
        """Cells without an outcome, in the plan's order."""
        tests = {test.id: test for test in self.plan.tests}
        return [
            cell
            for cell in self.plan.cells
            if tests[cell.test].place == place
            and (style is None or tests[cell.test].style == style)
            and (platform is None or self.where(cell).id == platform)
            and (cell.candidate, cell.platform, cell.test) not in self.cells
        ]

    def where(self, cell: Cell) -> PlannedPlatform:
        """The platform that a cell's worker runs on."""
        if cell.platform is not None:
            return self.plan.platform(cell.platform)
        return self.first_platform(self.plan.candidate(cell.candidate))

    def close_cells(self, outcomes: Iterable[Outcome]) -> None:
        """Keep outcomes, on the disk first."""
        kept = [held(self.plan, outcome) for outcome in outcomes]
        if not kept:
            return
        self.journal.cells(kept)
        for outcome in kept:
            self.cells[outcome.candidate, outcome.platform, outcome.test] = outcome
            if outcome.status not in {"measured", "skipped"} and outcome.reason:
                where = "/".join(filter(None, (outcome.candidate, outcome.platform, outcome.test)))
                self.progress.note(f"{where} {outcome.status}: {outcome.reason.text}")

    def keep_built(self, built: Built) -> None:
        """Keep how the building of a candidate ended, on the disk first."""
        self.journal.built(built)
        self.built[built.candidate] = built
        if built.status == "failed" and built.reason:
            self.progress.note(f"{built.candidate}: {built.reason.text}")

    def has_room_for(self, resident_bytes: int) -> bool:
        """Whether one more worker may be kept until its block: all that are kept fill a share of the memory at most."""
        room = self.room_bytes()
        return room is None or self.kept_bytes() + resident_bytes <= room

    def keep_or_close(self, session: Session, candidate: str, platform: str, resident_bytes: int) -> None:
        """Keep a worker frozen until its block, or close it where memory is short: its block starts another."""
        if self.has_room_for(resident_bytes):
            session.freeze()
            self.live[candidate, platform] = session
        else:
            session.close()

    def room_bytes(self) -> float | None:
        """Bytes that live workers may fill, those included that are kept already; None where that is not known."""
        available = available_memory_bytes()
        return None if available is None else (available + self.kept_bytes()) * MEMORY_SHARE

    def kept_bytes(self) -> int:
        """Resident bytes of the workers that are kept for the timed phase."""
        return sum(self.resident.get(candidate, 0) for candidate, _ in self.live)

    def open_timed_cells(self, platform: str) -> list[Cell]:
        """Cells without an outcome that a worker with the model is needed for, on one platform."""
        return [cell for place in ("candidate", "fresh") for cell in self.open_cells(place=place, platform=platform)]

    def unproven_here(self, cell: Cell) -> str:
        """Why a candidate must not be timed on the platform of a cell, empty where it may."""
        reason = self.unproven.get((cell.candidate, self.where(cell).id))
        return reason.text if reason else ""

    def may_time(self, candidate: str, platform: str | None = None) -> bool:
        """Whether there is proof of how far a candidate is the same model: no timing without it."""
        if candidate in self.unusable or candidate not in self.artefacts or (candidate, platform) in self.unproven:
            return False
        return candidate in {ORIGINAL, REFERENCE} or self.built[candidate].parity is not None

    def write_samples(self, name: str, rows: Iterable[Mapping[str, Any]]) -> str:
        """Write raw samples beside the label, a line a turn; gives the relative path."""
        path = self.folder.samples(name)
        with path.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(to_json(row), allow_nan=False, separators=(",", ":")) + "\n")
        return str(path.relative_to(self.folder.path))


def ended(
    running: Running,
    cell: Cell,
    begin: float,
    *,
    error: WorkerError | None = None,
    answer: Mapping[str, Any] | None = None,
) -> Outcome:
    """The outcome of a cell from its worker's answer or error."""
    seconds = round(time.monotonic() - begin, 3)
    if error is not None:
        return Outcome(
            candidate=cell.candidate,
            platform=cell.platform,
            test=cell.test,
            status=error.status,
            reason=error.reason,
            seconds=seconds,
            log=running.folder.relative(error.log),
        )
    measurements = tuple((answer or {}).get("measurements", ()))
    return Outcome(
        candidate=cell.candidate,
        platform=cell.platform,
        test=cell.test,
        status="measured",
        measurements=measurements,
        seconds=seconds,
    )


def skipped(cell: Cell, reason: Reason) -> Outcome:
    """The outcome of a planned cell that something else has made impossible."""
    return Outcome(candidate=cell.candidate, platform=cell.platform, test=cell.test, status="skipped", reason=reason)


def test_fields(test: PlannedTest) -> dict[str, Any]:
    """A test as requests name it."""
    fields: dict[str, Any] = to_json(test)
    return fields
