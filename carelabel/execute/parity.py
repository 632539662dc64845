"""Proof per platform: another engine, device or setting may answer otherwise, so nothing is timed there unproven.

Every candidate predicts for parity and quality on its first platform. Where a later one runs it by another backend, on
other hardware or in another environment, it predicts there again, and is compared with the original's first answers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from carelabel.execute.scoring import ask_scorer_now
from carelabel.plan import ORIGINAL, REFERENCE, PlannedCandidate, PlannedPlatform
from carelabel.plan.outcomes import Reason
from carelabel.process.worker_handle import WorkerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.execute.run_state import Running


def prove(running: Running, platform: PlannedPlatform) -> None:
    """Compare every candidate that is to be timed on a platform, and is run otherwise there than where it predicted."""
    for candidate in running.plan.candidates:
        if _is_elsewhere(running, candidate, platform) and running.may_time(candidate.id):
            reason = _prove(running, candidate, platform)
            if reason is not None:
                running.unproven[candidate.id, platform.id] = reason
                running.progress.note(f"{candidate.id} on {platform.id}: {reason.text}")


def _is_elsewhere(running: Running, candidate: PlannedCandidate, platform: PlannedPlatform) -> bool:
    if candidate.id == REFERENCE or platform.id not in candidate.backends:
        return False
    if not any(cell.candidate == candidate.id for cell in running.open_timed_cells(platform.id)):
        return False
    first = running.first_platform(candidate)
    here, there = (
        (running.backend_entry(candidate, place), place.tags, place.environment) for place in (platform, first)
    )
    return here != there


def _prove(running: Running, candidate: PlannedCandidate, platform: PlannedPlatform) -> Reason | None:
    """Keep the parity figures of a platform; the reason why nothing may be timed there, or None."""
    built = running.built[candidate.id]
    parity = built.parity_on.get(platform.id)
    if parity is None:
        try:
            parity = _compare(running, candidate, platform)
        except WorkerError as error:
            text = f"its answers on {platform.id} could not be compared: {error.reason.text}"
            return replace(error.reason, text=text)
        running.keep_built(replace(built, parity_on={**built.parity_on, platform.id: parity}))
    if candidate.lossless and parity.get("class") == "different":
        what = "the model" if candidate.id == ORIGINAL else str(candidate.converter)
        text = f"{what} must answer the same on {platform.id}, but there {differs(parity)}"
        return Reason(code="parity", text=text)
    return None


def _compare(running: Running, candidate: PlannedCandidate, platform: PlannedPlatform) -> Mapping[str, Any]:
    name = f"{candidate.id}@{platform.id}"
    out = running.folder.predictions(name)
    session = running.spawn("candidate", name, platform)
    try:
        session.ask("open", running.plan.load_s, **running.opening(candidate, platform, name))
        session.ask("load", running.plan.load_s)
        boundary = {"make": False, "folder": str(running.folder.predictions("boundary"))}
        answer = session.ask("predict", running.plan.predict_s, out=str(out), boundary=boundary)
    except WorkerError:
        session.close()
        raise
    running.keep_or_close(session, candidate.id, platform.id, int(answer.get("resident_bytes") or 0))
    fields = {"what": "parity", "candidate": out.name, "limits": dict(running.plan.parity)}
    parity: Mapping[str, Any] = ask_scorer_now(running, fields, timeout_s=running.plan.predict_s)["parity"]
    return parity


def differs(parity: Mapping[str, Any]) -> str:
    """How far answers differ, in one line."""
    parts = [f"{parity['flips']} of {parity['rows']} rows"] if parity.get("flips") is not None else []
    if parity.get("max_abs") is not None:
        parts.append(f"largest difference {parity['max_abs']}")
    worst = [str(item.get("row", item)) if isinstance(item, dict) else str(item) for item in parity.get("worst", [])]
    return ", ".join([*parts, *([f"worst rows {', '.join(worst)}"] if worst else [])])
