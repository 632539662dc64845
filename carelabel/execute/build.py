"""The untimed phase: candidates are built, opened, predict the test rows, and are scored, on all processors."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from carelabel.base.json_codec import to_json
from carelabel.cache.artefacts import CachedConversion
from carelabel.execute.jobs import Ask, Job, run_jobs
from carelabel.execute.parity import differs
from carelabel.execute.run_state import Running, ended, skipped, test_fields
from carelabel.execute.scoring import ask_scorer, prepare_scorer
from carelabel.plan import ORIGINAL, REFERENCE, Cell, PlannedCandidate
from carelabel.plan.outcomes import Built, Reason
from carelabel.process.worker_handle import WorkerError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from carelabel.process.worker_handle import Session

    Steps = Generator[Ask, dict[str, Any], None]

BOUNDARY_ROWS = 512
"""Rows on and next to split thresholds that every candidate answers for the parity check."""

BYTES_IN_MEMORY = 10
LEAST_IN_MEMORY = 512 * 1024 * 1024
"""A worker is taken to fill this many times its model's file, for its libraries at least so much, until it is known."""

PARITY_S = 900.0
"""Seconds that comparing a candidate's answers may take."""


_NOTICED: Final = ("nondeterministic", "nan", "improper")


def build_and_score(running: Running) -> None:
    """Build every candidate, let it predict, compute parity and everything that needs predictions alone."""
    jobs = [job for candidate in running.plan.candidates for job in _jobs(running, candidate)]
    prepare = partial(prepare_scorer, running)  # last: when nothing else is there to do
    jobs.append(Job(name="prepare the scorer", steps=prepare, needs=frozenset({f"convert {ORIGINAL}"}), lane="scorer"))
    running.progress.phase("building and scoring", len(jobs))
    with running.account.parallel() as at_work:
        run_jobs(jobs, max(2, os.cpu_count() or 1), at_work, lambda job: running.progress.step(job.name))
    for cell in running.open_cells(place="scorer"):
        running.close_cells([skipped(cell, _why_not_built(running, cell))])


def _jobs(running: Running, candidate: PlannedCandidate) -> list[Job]:
    """Convert, open, predict, score: each after the last, and after the same of what it is built from or compared with.

    To predict, a candidate needs the original's boundary rows; it may be opened before these are there.
    """
    name, parent = candidate.id, candidate.parent
    convert_needs = frozenset() if parent is None else frozenset({f"convert {parent}"})
    predict_needs = frozenset({f"open {name}"} | ({f"predict {ORIGINAL}"} if parent else set()))
    return [
        Job(name=f"convert {name}", steps=lambda: _convert(running, candidate), needs=convert_needs),
        Job(name=f"open {name}", steps=lambda: _open_ahead(running, candidate), needs=frozenset({f"convert {name}"})),
        Job(name=f"predict {name}", steps=lambda: _predict(running, candidate), needs=predict_needs),
        Job(
            name=f"score {name}",
            steps=lambda: _score(running, candidate),
            needs=frozenset({f"predict {name}"}),
            lane="scorer",
        ),
    ]


def _convert(running: Running, candidate: PlannedCandidate) -> Steps:
    if candidate.parent is None:
        _take_original(running)
        return
    if candidate.parent not in running.artefacts:
        text = f"{candidate.parent}, which {candidate.id} is built from, was not built"
        reason = Reason(code="parent-failed", text=text)
        running.keep_built(Built(candidate=candidate.id, status="skipped", reason=reason))
        return
    cached = CachedConversion(running, candidate, running.built[candidate.parent].sha256 or "")
    answer = cached.read()
    if answer is not None:
        _take(running, candidate, answer, cached=True)
        return
    try:
        cached.begin()
        cached.keep((yield from _conversion(running, candidate, cached.part)))
    except WorkerError as error:
        reason = replace(error.reason, text=f"conversion failed: {error.reason.text}")
        notes = {"log": running.folder.relative(error.log), "ended": error.status}
        running.keep_built(Built(candidate=candidate.id, status="failed", reason=reason, notes=notes))
        return
    finally:
        cached.drop()
    _take(running, candidate, cached.read() or {}, cached=False)


def _take_original(running: Running) -> None:
    submission = running.subject.submission
    running.artefacts[ORIGINAL] = {
        "path": str(submission.path),
        "format": running.subject.model.format,
        "facts": to_json(running.subject.model),
        "input_type": to_json(running.subject.model.input_type),
    }
    running.built[ORIGINAL] = Built(
        candidate=ORIGINAL, status="built", sha256=submission.sha256, bytes=submission.bytes
    )


def _conversion(
    running: Running, candidate: PlannedCandidate, out: Path
) -> Generator[Ask, dict[str, Any], dict[str, Any]]:
    parent = running.plan.candidate(candidate.parent or ORIGINAL)
    fields = {
        "source": running.source(parent.id, f"convert-{candidate.id}"),
        "source_backend": parent.backend_entry,
        "entry": candidate.entry,
        "target": candidate.format,
        "parameters": dict(candidate.parameters),
        "out": str(out),
        "scratch": str(running.folder.scratch(f"convert-{candidate.id}")),
        "data": running.data(),
        "threads": len(running.plan.host["processors"]),
        "seed": running.plan.seed,
        "memory_bytes": candidate.memory_bytes,
    }
    session = running.spawn("converter", f"convert-{candidate.id}", None)
    try:
        answer = yield Ask(session=session, op="convert", timeout_s=candidate.timeout_s, fields=fields)
    finally:
        session.close()
    return answer


def _take(running: Running, candidate: PlannedCandidate, answer: Mapping[str, Any], *, cached: bool) -> None:
    """Take over a conversion; a resumed run has its parity figures, and the verdict on them, already."""
    running.artefacts[candidate.id] = answer["artefact"]
    before = running.built.get(candidate.id)
    note = answer["artefact"].get("parameters", {}).get("note")
    running.keep_built(
        Built(
            candidate=candidate.id,
            status=before.status if before and before.parity else "built",
            artefact=answer["artefact"],
            sha256=answer["sha256"],
            bytes=answer["bytes"],
            convert_s=answer["convert_s"],
            compile_s=answer["artefact"].get("compile_s"),
            parity=before.parity if before else None,
            parity_on=before.parity_on if before else {},
            reason=before.reason if before and before.parity else None,
            cached=cached,
            notes={"note": note} if note else {},
        )
    )


def _open_ahead(running: Running, candidate: PlannedCandidate) -> Steps:
    """Open a candidate while the original is still predicting, and freeze it until then.

    It is left to `_predict` at once where the original has predicted, or memory is short: nothing waits for this.
    """
    if candidate.parent is None or ORIGINAL in running.predicted or not _can_predict(running, candidate):
        return
    sizes = [max(LEAST_IN_MEMORY, BYTES_IN_MEMORY * (running.built[item].bytes or 0)) for item in running.opened]
    own = max(LEAST_IN_MEMORY, BYTES_IN_MEMORY * (running.built[candidate.id].bytes or 0))
    if not running.has_room_for(sum(sizes) + own):
        return
    running.opened[candidate.id] = None
    try:
        session = yield from _open(running, candidate)
    except WorkerError as error:
        del running.opened[candidate.id]
        _refuse_timing(running, candidate, error)
        return
    session.freeze()
    running.opened[candidate.id] = session


def _can_predict(running: Running, candidate: PlannedCandidate) -> bool:
    return candidate.id in running.artefacts and bool(candidate.backends) and candidate.id not in running.unusable


def _open(running: Running, candidate: PlannedCandidate) -> Generator[Ask, dict[str, Any], Session]:
    """Start a worker that has loaded the candidate.

    Raises:
        WorkerError: If it cannot; the worker is closed.
    """
    platform = running.first_platform(candidate)
    name = f"{candidate.id}@{platform.id}"
    session = running.spawn("candidate", name, platform)
    try:
        opening = running.opening(candidate, platform, name)
        yield Ask(session=session, op="open", timeout_s=running.plan.load_s, fields=opening)
        yield Ask(session=session, op="load", timeout_s=running.plan.load_s)
    except WorkerError:
        session.close()
        raise
    return session


def _predict(running: Running, candidate: PlannedCandidate) -> Steps:
    if not _can_predict(running, candidate):
        return
    try:
        session = running.opened.pop(candidate.id, None)
        if session is not None and session.is_ready():  # nobody has asked it anything: it has died while it waited
            session.close()
            session = None
        if session is None:
            session = yield from _open(running, candidate)
        session.thaw()
        if candidate.id != REFERENCE:  # whose answers mean nothing
            yield from _answer(running, candidate, session)
    except WorkerError as error:
        _refuse_timing(running, candidate, error)
        return
    finally:
        running.predicted.add(candidate.id)
    platform = running.first_platform(candidate)
    running.keep_or_close(session, candidate.id, platform.id, running.resident.get(candidate.id, 0))


def _answer(running: Running, candidate: PlannedCandidate, session: Session) -> Steps:
    """Let a worker predict the test rows, and the original make boundary rows for all.

    Raises:
        WorkerError: If it cannot; the worker is closed.
    """
    boundary = {
        "make": candidate.id == ORIGINAL,
        "folder": str(running.folder.predictions(ORIGINAL).parent / "boundary"),
        "limit": BOUNDARY_ROWS,
        "seed": running.plan.seed,
    }
    fields = {"out": str(running.folder.predictions(candidate.id)), "boundary": boundary}
    try:
        answer = yield Ask(session=session, op="predict", timeout_s=running.plan.predict_s, fields=fields)
    except WorkerError:
        session.close()
        raise
    running.resident[candidate.id] = int(answer.get("resident_bytes") or 0)
    running.notes[candidate.id] = {name: answer[name] for name in _NOTICED if answer.get(name)}


def _refuse_timing(running: Running, candidate: PlannedCandidate, error: WorkerError) -> None:
    """A candidate that cannot predict the test rows is no candidate."""
    text = f"prediction of the test rows {error.status.replace('_', ' ')}: {error.reason.text}"
    slow = error.status == "timed_out"
    hint = "a suite may allow more: timeouts.load and timeouts.predict" if slow else error.reason.hint
    reason = replace(error.reason, text=text, hint=hint)
    log = running.folder.relative(error.log)
    before = running.built[candidate.id]
    running.keep_built(replace(before, status="failed", reason=reason, notes={"log": log, "ended": error.status}))
    running.unusable.add(candidate.id)


def _score(running: Running, candidate: PlannedCandidate) -> Steps:
    if candidate.id not in running.artefacts or candidate.id in running.unusable or candidate.id == REFERENCE:
        return
    if candidate.id != ORIGINAL and running.built[candidate.id].parity is None and ORIGINAL not in running.unusable:
        yield from _parity(running, candidate)
    for cell in running.open_cells(place="scorer"):
        if cell.candidate == candidate.id:
            yield from _score_cell(running, cell)


def _parity(running: Running, candidate: PlannedCandidate) -> Steps:
    fields = {"what": "parity", "candidate": candidate.id, "limits": dict(running.plan.parity)}
    try:
        answer = yield from ask_scorer(running, fields, timeout_s=PARITY_S)
    except WorkerError as error:
        reason = Reason(code=error.reason.code, text=f"parity could not be computed: {error.reason.text}")
        running.keep_built(replace(running.built[candidate.id], status="failed", reason=reason))
        return
    parity = answer["parity"]
    before = replace(running.built[candidate.id], parity=parity)
    if candidate.lossless and parity.get("class") == "different":
        text = f"{candidate.converter} claims to keep the model the same, but its answers differ: {differs(parity)}"
        before = replace(before, status="failed", reason=Reason(code="parity", text=text))
    running.keep_built(before)


def _score_cell(running: Running, cell: Cell) -> Steps:
    test = running.plan.test(cell.test)
    fields = {"what": test.kind, "candidate": cell.candidate, "test": test_fields(test)}
    begin = time.monotonic()
    try:
        answer = yield from ask_scorer(running, fields, timeout_s=test.timeout_s)
    except WorkerError as error:
        running.close_cells([ended(running, cell, begin, error=error)])
    else:
        running.close_cells([ended(running, cell, begin, answer=answer)])


def _why_not_built(running: Running, cell: Cell) -> Reason:
    built = running.built.get(cell.candidate)
    if built and built.reason:
        return Reason(code="candidate-failed", text=built.reason.text, hint=built.reason.hint)
    return Reason(code="candidate-failed", text=f"{cell.candidate} has no predictions to score")
