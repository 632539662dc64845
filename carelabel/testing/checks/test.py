"""Checks of tests: run on a small model, with everything a context can offer."""

from __future__ import annotations

import gc
import inspect
import json
import math
import os
import signal
import sys
import tempfile
import threading
import tracemalloc
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carelabel.base.json_codec import to_json
from carelabel.plugin.interfaces import Measurement, PointRounds
from carelabel.plugin.records import ANY, Test
from carelabel.process.refusal import RefusalError
from carelabel.testing.entry import accepts, code_of, has_methods
from carelabel.testing.result import Candidate, Check, CheckFailedError, CheckSkipped, must
from carelabel.worker.measurement_limits import MOST_POINTS
from carelabel.worker.measurements import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PROVIDED: Final = frozenset({"train", "labels", "probabilities", "decision", "groups"})
_ROUNDS: Final = 5


def signature(candidate: Candidate) -> None:
    """The worker's call fits."""
    code = code_of(candidate.record)
    keywords = tuple(candidate.defaults())
    if candidate.record.style == "once":
        accepts(code, 1, keywords, "run(context, **parameters)")
        return
    must(inspect.isclass(code), f"{candidate.record.entry} is no class")
    test = code()
    has_methods(test, ("setup", "turn", "statistic", "summarise"), "a paired test")
    accepts(test.setup, 1, keywords, "setup(context, **parameters)")
    accepts(test.turn, 1, (), "turn(point)")
    accepts(test.statistic, 1, (), "statistic(samples)")
    accepts(test.summarise, 1, keywords, "summarise(rounds, **parameters)")


def gives_measurements(candidate: Candidate) -> None:
    """What it gives can stand on a label."""
    for task in _tasks(candidate):
        taken = list(islice(_measure(candidate, task), 2 * MOST_POINTS + 1))  # it might never end
        must(bool(taken), f"nothing came for {task}")
        for figure in taken:
            _check_figure(candidate.record, figure)
        if candidate.record.style == "once":
            _check_cell(candidate.record, taken)


def declared_quantities(candidate: Candidate) -> None:
    """A reader can look up what each figure means."""
    for quantity in candidate.record.quantities:
        must(bool(quantity.meaning.strip()), f"{quantity.name} has no meaning")
        must(bool(quantity.unit.strip()), f"{quantity.name} has no unit (1 for ratios and counts)")
    names = [quantity.name for quantity in candidate.record.quantities]
    must(len(set(names)) == len(names), f"a quantity is declared twice: {', '.join(names)}")


def leaves_a_worker(candidate: Candidate) -> None:
    """Candidates are timed in the worker that a reusable test leaves, so it must be as if the test had not been."""
    from carelabel.testing.fakes import candidate_context  # noqa: PLC0415 - imports numpy

    if not candidate.record.reusable:
        _skip("its worker is not used again")
    for task in _tasks(candidate):
        with tempfile.TemporaryDirectory() as folder:
            context = candidate_context(task, Path(folder))
            before, answers = _state(), context.live().predict(context.test.rows.array())
            list(code_of(candidate.record)(context, **candidate.defaults()))
            changed = [name for name, value in _state().items() if value != before[name]]
            must(not changed, f"it left other {', '.join(changed)} than it found")
            live = context.live()
            same = (live.predict(live.prepare(context.test.rows)) == answers).all()
            must(bool(same), "the live model answers otherwise than before")


def _state() -> dict[str, object]:
    """What of this process changes how fast code runs in it."""
    return {
        "garbage collection": (gc.isenabled(), gc.get_threshold()),
        "tracing": (sys.gettrace(), sys.getprofile(), tracemalloc.is_tracing()),
        "signal handlers": tuple(signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGPROF)),
        "environment": dict(os.environ),
        "threads": threading.active_count(),
    }


def _check_cell(record: Test, figures: Sequence[Measurement]) -> None:
    """As every worker does."""
    declared = {"id": record.name, "quantities": [{"name": quantity.name} for quantity in record.quantities]}
    try:
        as_json(figures, declared)
    except RefusalError as refusal:
        raise CheckFailedError(refusal.message) from refusal


def _check_figure(record: Test, figure: object) -> None:
    if not isinstance(figure, Measurement):
        msg = f"it gave {type(figure).__name__}, not Measurement"
        raise CheckFailedError(msg)
    names = [quantity.name for quantity in record.quantities]
    must(figure.quantity in names, f"it gave {figure.quantity!r}, declared are {', '.join(names)}")
    _check_cell(record, [figure])
    must(figure.value is None or math.isfinite(figure.value), f"{figure.quantity} is {figure.value!r}")
    if figure.interval is not None and figure.value is not None:
        low, high = figure.interval
        must(low <= high, f"{figure.quantity} has the interval {figure.interval}")
        must(figure.level is not None, f"{figure.quantity} has an interval without a level")
    json.dumps(to_json(figure), allow_nan=False)


def _tasks(candidate: Candidate) -> list[str]:
    from carelabel.testing.samples import TASKS  # noqa: PLC0415 - imports numpy

    record: Test = candidate.record
    tasks = [task for task in TASKS if record.tasks == ANY or task in record.tasks]
    beyond = sorted(record.needs - _PROVIDED)
    if record.frameworks != ANY:
        _skip(f"it is for candidates of {', '.join(sorted(record.frameworks))}, and the kit's model is of none")
    if not tasks:
        _skip(f"the kit has no model for {', '.join(sorted(record.tasks))}")
    if beyond:
        _skip(f"it needs {', '.join(beyond)}, which the kit's model has not")
    if record.needs & {"probabilities", "decision"}:
        tasks = [task for task in tasks if task == "classification"]
    return tasks


def _skip(why: str) -> None:
    raise CheckSkipped(why)


def _measure(candidate: Candidate, task: str) -> Iterator[Any]:
    from carelabel.testing.fakes import candidate_context, score_context  # noqa: PLC0415 - imports numpy

    record: Test = candidate.record
    code = code_of(record)
    family = "linear" if record.families == ANY else min(record.families)
    if record.style == "once" and record.place == "scorer":
        yield from code(score_context(task, family=family), **candidate.defaults())
        return
    with tempfile.TemporaryDirectory() as folder:
        context = candidate_context(task, Path(folder), family=family)
        if record.style == "once":
            yield from code(context, **candidate.defaults())
            return
        yield from _paired(code, context, record.place, candidate.defaults())


def _paired(code: Any, context: Any, place: str, parameters: dict[str, Any]) -> Iterator[Any]:  # noqa: ANN401 - a stranger's class
    test = code()
    points = list(test.setup(context, **parameters))
    must(place != "fresh" or len(points) == 1, f"in fresh workers it must name one point, got {len(points)}")
    for number, at in enumerate(points):
        rounds = tuple(_turn(test, number) for _ in range(_ROUNDS))
        _pilot(code(), rounds)
        for original in (None, rounds):
            taken = PointRounds(at=dict(at), own=rounds, original=original, ended_by="precision", seed=0)
            yield from code().summarise(taken, **parameters)  # in the scorer there was no setup


def _turn(test: Any, point: int) -> dict[str, Any]:  # noqa: ANN401 - as above
    samples: dict[str, Any] = json.loads(json.dumps(to_json(test.turn(point)), allow_nan=False))
    return samples


def _pilot(test: Any, rounds: Sequence[dict[str, Any]]) -> None:  # noqa: ANN401 - as above
    """As the scorer does it: with a test of its own, on which nobody has called `setup`."""
    from carelabel.measure.stats import rounds_needed  # noqa: PLC0415 - numpy

    series = [test.statistic(samples) for samples in rounds]
    must(all(map(math.isfinite, series)), f"the statistics of the turns are {series!r}")
    rounds_needed([series], round_s=1.0, budget_s=None)


CHECKS: Final = (
    Check(
        name="test-quantities",
        sentence="every quantity must be declared once, with unit and meaning",
        kind=Test,
        run=declared_quantities,
        needs_code=False,
    ),
    Check(
        name="test-signature",
        sentence="a test's entry must take what a worker passes to it, and its declared parameters",
        kind=Test,
        run=signature,
    ),
    Check(
        name="test-reusable",
        sentence="a reusable test must leave its worker as it found it",
        kind=Test,
        run=leaves_a_worker,
    ),
    Check(
        name="test-measures",
        sentence="a test must give Measurements of declared quantities, finite or null with a reason",
        kind=Test,
        run=gives_measurements,
    ),
)
