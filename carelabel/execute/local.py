"""What runs when: building and scoring first, then platform by platform in turns, then what fresh workers are left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.execute.build import build_and_score
from carelabel.execute.fresh import measure_fresh
from carelabel.execute.journal import Journal, read_journal
from carelabel.execute.run_state import Running, skipped
from carelabel.execute.timed import measure_all
from carelabel.execute.workspace import new_folder, unfinished_folder
from carelabel.plan import plan_sha256
from carelabel.plan.outcomes import Outcomes, Reason
from carelabel.process.machine_lock import MeasuringLock, lock_scope
from carelabel.process.worker_handle import WorkerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.execute.progress import Progress
    from carelabel.model.facts import Subject
    from carelabel.plan import Plan
    from carelabel.process.time_accounting import Account
    from carelabel.process.worker_handle import Session

METERS_S = 60.0


def run_plan(  # noqa: PLR0913 - what is run, where, and who is told
    plan: Plan, subject: Subject, *, home: Path, progress: Progress, account: Account, resume: bool = False
) -> Outcomes:
    """Run a plan; its outcomes are on the disk one by one as they come.

    Args:
        home: CARELABEL_HOME.
        resume: Go on with the last unfinished run of the same plan.

    Raises:
        UsageError: If there is nothing to resume, or home cannot be written.
    """
    folder = unfinished_folder(home, plan) if resume else new_folder(home, plan)
    entries = read_journal(folder.journal) if resume else None
    journal = Journal(folder.journal, plan_sha256(plan))
    running = Running(
        plan=plan,
        subject=subject,
        folder=folder,
        journal=journal,
        progress=progress,
        account=account,
        lock=MeasuringLock(),
        built=dict(entries.built) if entries else {},
        cells=_still_valid(plan, dict(entries.cells)) if entries else {},
    )
    try:
        build_and_score(running)
        sensors = _probe_meters(running)
        measure_all(running)
        measure_fresh(running)
        _close_the_rest(running)
    finally:
        _end(running)
    return Outcomes(
        built=tuple(running.built[item.id] for item in plan.candidates if item.id in running.built),
        cells=tuple(running.cells[cell.candidate, cell.platform, cell.test] for cell in plan.cells),
        accounting=account.close(),
        environment={"lock": lock_scope(), "notes": running.notes, "resumed": resume},
        sensors=sensors,
        folder=str(folder.path),
    )


def finish_run(plan: Plan, outcomes: Outcomes) -> None:
    """Say in the journal that the run came to its end: its label is kept, and there is nothing to resume."""
    journal = Journal(Path(outcomes.folder) / "journal.jsonl", plan_sha256(plan))
    journal.finish()
    journal.close()


def _still_valid(plan: Plan, cells: dict[Any, Any]) -> dict[Any, Any]:
    """Of a journal, drop what has to be done anew.

    That is paired outcomes of tests whose block is not complete, since ratios never cross blocks in time, and what was
    skipped for something else that went wrong: this time it may go well.
    """
    paired = {test.id for test in plan.tests if test.style == "paired"}
    wanted = [(cell.candidate, cell.platform, cell.test) for cell in plan.cells if cell.test in paired]
    torn = {(key[1], key[2]) for key in wanted if key not in cells}
    whole = {key: outcome for key, outcome in cells.items() if (key[1], key[2]) not in torn}
    return {key: outcome for key, outcome in whole.items() if outcome.status != "skipped"}


def _probe_meters(running: Running) -> tuple[Mapping[str, Any], ...]:
    """Ask every meter in a worker what it can read here."""
    if not running.plan.meters:
        return ()
    session: Session | None = None
    try:
        session = running.spawn("scorer", "meters", None)
        meters = [dict(meter) for meter in running.plan.meters]
        answer = session.ask("meters", METERS_S, meters=meters)
        return tuple(answer["sensors"])
    except WorkerError as error:
        running.progress.note(f"the meters could not be probed: {error.reason.text}")
        return tuple(
            {"id": meter["id"], "code": error.reason.code, "text": error.reason.text, "hint": error.reason.hint}
            for meter in running.plan.meters
        )
    finally:
        if session is not None:
            session.close()


def _close_the_rest(running: Running) -> None:
    """Every planned cell has exactly one outcome."""
    for cell in running.plan.cells:
        if (cell.candidate, cell.platform, cell.test) in running.cells:
            continue
        built = running.built.get(cell.candidate)
        text = built.reason.text if built and built.reason else "the candidate was not built"
        running.close_cells([skipped(cell, Reason(code="candidate-failed", text=text))])


def _end(running: Running) -> None:
    """No worker outlives the run, however it ends."""
    for session in running.sessions:
        session.kill()
    running.journal.close()
    running.lock.close()
    running.progress.finish()
