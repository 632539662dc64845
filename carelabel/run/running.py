"""What all phases of a run share: plan, folder, journal, and how workers are opened and cells are closed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carelabel.jsonable import to_json
from carelabel.plan import ORIGINAL, REFERENCE, Cell, Plan, PlannedCandidate, PlannedPlatform, PlannedTest
from carelabel.run.outcomes import Built, Outcome, Reason
from carelabel.run.session import Session, WorkerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carelabel.run.account import Account
    from carelabel.run.folder import RunFolder
    from carelabel.run.journal import CellKey, Journal
    from carelabel.run.lock import MeasuringLock
    from carelabel.run.progress import Progress
    from carelabel.subject import Subject

START_S = 120.0
"""Seconds that a worker may take to open and load; a model that needs more says so in its suite."""


@dataclass(kw_only=True, slots=True)
class Running:
    """A run under way.

    Attributes:
        artefacts: Candidate id to its artefact as JSON, for candidates that are built.
        built: Candidate id to how its building ended.
        cells: Outcomes so far; a resumed run begins with those of its journal.
        resident: Candidate id to the resident bytes of its worker after it has predicted.
        live: Workers that are kept for the timed phase, by (candidate, platform), frozen.
        notes: Candidate id to what was noticed while it predicted (answers that change, NaN).
        unusable: Candidates that could not predict the test rows.
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
    live: dict[tuple[str, str], Session] = field(default_factory=dict)
    notes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    unusable: set[str] = field(default_factory=set)
    scorer: Session | None = None
    sessions: list[Session] = field(default_factory=list)

    def spawn(self, role: str, name: str, platform: PlannedPlatform | None) -> Session:
        """Start a worker that this run accounts for and cleans up."""
        session = Session.spawn(
            role, name=name, log=self.folder.log(name), platform=platform, lock_fd=self.lock.descriptor
        )
        self.sessions.append(session)
        return self.account.watch(session)

    def data(self) -> dict[str, str | None]:
        """Folders of the data as the inspector laid them down."""
        train = self.subject.train
        return {"test": self.subject.test.folder, "train": train.folder if train else None}

    def opening(self, candidate: PlannedCandidate, platform: PlannedPlatform, name: str) -> dict[str, Any]:
        """Fields of the ``open`` request for a candidate worker."""
        return {
            "candidate": candidate.id,
            "artefact": self.artefacts[candidate.id],
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
        kept = list(outcomes)
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

    def may_time(self, candidate: str) -> bool:
        """Whether there is proof of how far a candidate is the same model: no timing without it."""
        if candidate in self.unusable or candidate not in self.artefacts:
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
