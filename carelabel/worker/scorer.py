"""The scorer: figures from predictions alone, parity, and the statistics of paired rounds. It loads no model."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from carelabel.base.json_codec import from_json, number
from carelabel.data.rows import DataSet
from carelabel.model.facts import ModelFacts
from carelabel.plan import ORIGINAL, PlannedTest
from carelabel.plugin.interfaces import PointRounds, Predictions, ScoreContext
from carelabel.process.refusal import RefusalError
from carelabel.worker.answers import Answers
from carelabel.worker.entries import load_entry
from carelabel.worker.measurements import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carelabel.parity.classes import Boundary
    from carelabel.plugin.interfaces import PairedTest
    from carelabel.worker.main import Operation, Worker


def operations(worker: Worker) -> dict[str, Operation]:
    """Operations of the role by name."""
    scorer = _Scorer(worker)
    return {"open": scorer.open, "prepare": scorer.prepare, "score": scorer.score}


class _Scorer:
    """What was opened, and one method for each thing that can be scored."""

    def __init__(self, worker: Worker) -> None:
        self._spent = worker.spent
        self._opened: Mapping[str, Any] | None = None
        self._data: dict[str, DataSet] = {}
        self._failed: dict[str, Exception] = {}
        self._what: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "metric": self._metric,
            "test": self._test,
            "parity": self._parity,
            "pilot": self._pilot,
            "summarise": self._summarise,
        }

    def open(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._opened, self._data = request, {}
        return {}

    def prepare(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Import an entry before it is asked for; where that fails, its reason is kept until it is."""
        try:
            self._load(request["entry"])
        except Exception as error:  # noqa: BLE001 - plugin code; a second try may fail for another reason
            module = request["entry"].partition(":")[0]
            self._failed[request["entry"] if module in sys.modules else module] = error
        return {}

    def score(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request.get("what") not in self._what:
            raise RefusalError(
                code="unknown-op",
                message=f"score must be asked for {', '.join(self._what)}, got {request.get('what')!r}",
            )
        begin = time.perf_counter()
        result = self._what[request["what"]](request)
        return {**result, "seconds": time.perf_counter() - begin}

    def _metric(self, request: Mapping[str, Any]) -> dict[str, Any]:
        from carelabel.measure.scoring import score_metric  # noqa: PLC0415 - only what a request needs

        spec = from_json(PlannedTest, request["test"])
        function = self._load(spec.entry)
        with self._spent.on("score"):
            results = score_metric(spec, function, self._context(request["candidate"]))
        return {"measurements": as_json(results, request["test"])}

    def _test(self, request: Mapping[str, Any]) -> dict[str, Any]:
        test = request["test"]
        function = self._load(test["entry"])
        with self._spent.on("plugin"):
            results = function(self._context(request["candidate"]), **test["parameters"])
            return {"measurements": as_json(results, test)}

    def _parity(self, request: Mapping[str, Any]) -> dict[str, Any]:
        from carelabel.parity.classes import compare  # noqa: PLC0415 - only what a request needs

        limits = {name: number(value) for name, value in (request.get("limits") or {}).items()}
        with self._spent.on("score"):
            context = self._context(request["candidate"])
            target, boundary = context.test.target, self._boundary(request["candidate"])
            found = compare(context.task, context.original, context.predictions, target, boundary, limits)
        return {"parity": found}

    def _pilot(self, request: Mapping[str, Any]) -> dict[str, Any]:
        from carelabel.measure.stats import rounds_needed  # noqa: PLC0415 - only what a request needs

        test = self._paired(request)
        budget_s = request.get("budget_s")
        with self._spent.on("score"):
            series = [[test.statistic(samples) for samples in own] for own in request["series"]]
            rounds, ended_by = rounds_needed(
                series, round_s=number(request["round_s"]), budget_s=None if budget_s is None else number(budget_s)
            )
        return {"rounds": rounds, "ended_by": ended_by}

    def _summarise(self, request: Mapping[str, Any]) -> dict[str, Any]:
        test, original = self._paired(request), request.get("original")
        rounds = PointRounds(
            at=request["at"],
            own=tuple(request["own"]),
            original=None if original is None else tuple(original),
            ended_by=request["ended_by"],
            seed=self._open["seed"],
            processes=request.get("processes", 1),
        )
        with self._spent.on("plugin"):
            return {"measurements": as_json(test.summarise(rounds, **request["test"]["parameters"]), request["test"])}

    def _paired(self, request: Mapping[str, Any]) -> PairedTest:
        test: PairedTest = self._load(request["test"]["entry"])()
        return test

    def _load(self, entry: str) -> Any:  # noqa: ANN401 - whatever the plugin put there
        for known in (entry, entry.partition(":")[0]):
            if known in self._failed:
                raise self._failed[known]
        with self._spent.on("import"):
            return load_entry(entry)

    @property
    def _open(self) -> Mapping[str, Any]:
        if self._opened is None:
            raise RefusalError(code="not-open", message="a scorer must be opened before it is asked anything else")
        return self._opened

    def _context(self, candidate: str) -> ScoreContext:
        opened = self._open
        test = self._data_set("test")
        if test is None:
            raise RefusalError(code="not-open", message="a scorer needs the folder of the test data")
        return ScoreContext(
            candidate=candidate,
            task=opened["task"],
            facts=from_json(ModelFacts, opened["facts"]),
            test=test,
            train=self._data_set("train"),
            predictions=self._predictions(candidate),
            original=self._predictions(ORIGINAL),
            resamples=opened["resamples"],
            seed=opened["seed"],
        )

    def _data_set(self, name: str) -> DataSet | None:
        folder = self._open["data"].get(name)
        if folder is not None and name not in self._data:
            with self._spent.on("data"):
                self._data[name] = DataSet.open(Path(folder))
        return self._data.get(name)

    def _predictions(self, candidate: str, prefix: str = "") -> Predictions:
        answers = Answers.read(Path(self._open["pred"]) / candidate, prefix)
        if answers is None:
            raise RefusalError(
                code="no-predictions", message=f"{candidate} has not answered the rows that are to be scored"
            )
        return Predictions(labels=answers.labels, probabilities=answers.proba, decision=answers.decision)

    def _boundary(self, candidate: str) -> Boundary | None:
        """Answers on boundary rows, when the original had a way to make some."""
        path = Path(self._open["pred"]) / "boundary" / "on_threshold.npy"
        if not (path.with_name("rows.npy")).exists():
            return None
        return {
            "original": self._predictions(ORIGINAL, "boundary_"),
            "candidate": self._predictions(candidate, "boundary_"),
            "on_threshold": np.load(path),
        }
