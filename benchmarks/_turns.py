"""The process in which `engines.py` times the forms of a model on one platform, in rounds. Requests come by stdin.

It begins with the environment and the processors of a worker of that platform. Every form is loaded by its own backend,
its parity with the original found on the test rows and on rows at thresholds, and each round gives each form a turn.
A turn begins when the threads of the last one have come to rest.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from carelabel.base import linux
from carelabel.base.json_codec import from_json
from carelabel.data.rows import DataSet, Rows
from carelabel.errors import CareLabelError
from carelabel.measure.calls import prepare
from carelabel.measure.timing import Clock, TurnRules, calibrate, timed_turn, warm_up
from carelabel.model.facts import ModelFacts
from carelabel.parity.classes import compare
from carelabel.plan import ORIGINAL, PlannedPlatform
from carelabel.plugin.interfaces import Artefact, PlatformSpec, Predictions
from carelabel.worker.answers import checked
from carelabel.worker.entries import load_entry

BATCHES = (1, 64, 1024)
BOUNDARY_ROWS = 200
RULES = TurnRules(min_seconds=0.015, singles=0)
WARM_UP_S = 0.1
REST_S = 0.005
REST_AT_MOST_S = 0.1


def main() -> None:
    """Answer every request by a line; whatever a library prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Candidate id to ``parity`` and ``times`` (batch size to seconds a row, one entry a round), or to ``error``."""
    platform = from_json(PlannedPlatform, request["platform"])
    _pin(platform)
    data, facts = DataSet.open(Path(request["data"])), from_json(ModelFacts, request["facts"])
    spec = PlatformSpec(id=platform.id, tags=platform.tags, threads=platform.threads)
    loaded, found, boundary = {}, {}, None
    for item in request["candidates"]:
        try:
            backend = load_entry(item["backend"])()
            predictor = backend.load(from_json(Artefact, item["artefact"]), spec)
            if item["id"] == ORIGINAL:
                place = getattr(backend, "boundary_rows", None)
                boundary = place(predictor, data, BOUNDARY_ROWS, 0) if place else None
            found[item["id"]] = {"answers": _all_answers(predictor, data, boundary, facts)}
            loaded[item["id"]] = predictor
        except CareLabelError as error:
            found[item["id"]] = {"error": str(error)}
    parities = _parities({name: found[name].pop("answers") for name in loaded}, request["task"], data, boundary)
    times = _rounds(loaded, data, request["rounds"])
    for name, predictor in loaded.items():
        found[name] |= {"parity": parities[name], "times": times[name]}
        predictor.close()
    return found


def _pin(platform: PlannedPlatform) -> None:
    allowed = linux.affinity()
    if platform.pin and allowed and len(allowed) > platform.pin:
        linux.pin(linux.choose_processors(platform.pin, allowed))


def _all_answers(predictor: Any, data: DataSet, boundary: Any, facts: ModelFacts) -> list[Predictions]:  # noqa: ANN401 - of plugins
    parts = [data.rows] if boundary is None else [data.rows, Rows.of(boundary.rows, like=data.rows)]
    return [_answers(predictor, rows, facts) for rows in parts]


def _answers(predictor: Any, rows: Rows, facts: ModelFacts) -> Predictions:  # noqa: ANN401 - as above
    x = predictor.prepare(rows)
    labels = checked("predict", predictor.predict(x), len(rows), facts)
    if predictor.predict_proba is None:
        return Predictions(labels=labels)
    return Predictions(
        labels=labels, probabilities=checked("predict_proba", predictor.predict_proba(x), len(rows), facts)
    )


def _parities(
    answers: dict[str, list[Predictions]],
    task: str,
    data: DataSet,
    boundary: Any,  # noqa: ANN401 - as above
) -> dict[str, str]:
    """Candidate id to its parity class."""
    original = answers[ORIGINAL]
    found = {}
    for name, own in answers.items():
        near = None
        if boundary is not None:
            near = {"original": original[1], "candidate": own[1], "on_threshold": boundary.on_threshold}
        found[name] = compare(task, original[0], own[0], data.target, near, {})["class"]
    return found


def _rounds(loaded: dict[str, Any], data: DataSet, rounds: int) -> dict[str, dict[str, list[float]]]:
    clock, order = Clock(), random.Random(0)
    context = SimpleNamespace(test=data, timing_rows=len(data), seed=0)
    times: dict[str, dict[str, list[float]]] = {name: {} for name in loaded}
    for batch in BATCHES:
        inputs = {name: cycle(prepare(context, one, batch, clock).batches) for name, one in loaded.items()}
        loops = {}
        for name, one in loaded.items():
            warm_up(one.predict, inputs[name], clock, limit_s=WARM_UP_S)
            loops[name] = calibrate(one.predict, inputs[name], clock)
            times[name][str(batch)] = []
        for _ in range(rounds):
            for name in order.sample(list(loaded), len(loaded)):
                _rest()
                turn = timed_turn(loaded[name].predict, inputs[name], clock, loops=loops[name], rules=RULES)
                times[name][str(batch)].append(statistics.median(turn["wall"]) / batch)
    return times


def _rest() -> None:
    """Wait until threads of the last turn have stopped spinning."""
    end = time.monotonic() + REST_AT_MOST_S
    while time.monotonic() < end:
        before = time.process_time()
        time.sleep(REST_S)
        if time.process_time() - before < REST_S / 5:
            return


if __name__ == "__main__":
    main()
