"""The scorer as the parent sees it: one worker for the run, begun anew when plugin code has ended it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carelabel.base.json_codec import to_json
from carelabel.execute.jobs import Ask
from carelabel.execute.run_state import START_S
from carelabel.process.worker_handle import WorkerError

PREPARE_S = 30.0
"""Seconds that one import may take ahead of its time; where it is needed it has the limit of its test."""

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from carelabel.execute.run_state import Running
    from carelabel.process.worker_handle import Session


def prepare_scorer(running: Running) -> Generator[Ask, dict[str, Any], None]:
    """Steps of a job that starts the scorer and lets it import what it will need, while the original predicts.

    What cannot be imported is the matter of the cell that needs it, and said there.
    """
    entry_of = {test.id: test.entry for test in running.plan.tests if test.place == "scorer"}
    entries = sorted({entry_of[cell.test] for cell in running.open_cells(place="scorer")})
    try:
        for entry in entries:
            session = yield from _alive(running)
            yield Ask(session=session, op="prepare", timeout_s=PREPARE_S, fields={"entry": entry})
    except WorkerError:
        running.scorer = None  # it died of an import, or hangs in one: the next question begins another


def ask_scorer(
    running: Running, fields: Mapping[str, Any], timeout_s: float
) -> Generator[Ask, dict[str, Any], dict[str, Any]]:
    """Steps of a job that ask the scorer one thing.

    Raises:
        WorkerError: If it fails; a scorer that died of it is replaced at the next question.
    """
    session = yield from _alive(running)
    try:
        answer = yield Ask(session=session, op="score", timeout_s=timeout_s, fields=fields)
    except WorkerError as error:
        if error.status != "failed":
            running.scorer = None
        raise
    return answer


def ask_scorer_now(running: Running, fields: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """The same outside of jobs: ask and wait.

    Raises:
        WorkerError: As above.
    """
    steps = ask_scorer(running, fields, timeout_s)
    ask = next(steps)
    while True:
        try:
            answer = ask.session.ask(ask.op, ask.timeout_s, **ask.fields)
        except WorkerError as error:
            ask = steps.throw(error)
            continue
        try:
            ask = steps.send(answer)
        except StopIteration as stop:
            result: dict[str, Any] = stop.value
            return result


def _alive(running: Running) -> Generator[Ask, dict[str, Any], Session]:
    if running.scorer is None:
        session = running.spawn("scorer", "scorer", None)
        fields = {
            "task": running.plan.task,
            "facts": to_json(running.subject.model),
            "data": running.data(),
            "pred": str(running.folder.path / "pred"),
            "resamples": running.plan.resamples,
            "seed": running.plan.seed,
        }
        yield Ask(session=session, op="open", timeout_s=START_S, fields=fields)
        running.scorer = session
    return running.scorer
