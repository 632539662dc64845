"""A candidate worker: one form of the model on one platform. It imports only what that form needs."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from carelabel.base import linux
from carelabel.base.json_codec import from_json
from carelabel.model.facts import ModelFacts
from carelabel.plugin.interfaces import Artefact, PlatformSpec, TestContext
from carelabel.process.refusal import RefusalError
from carelabel.worker.entries import load_entry
from carelabel.worker.imports import imports_apart
from carelabel.worker.lazy_data import lazy_data
from carelabel.worker.measurements import as_json
from carelabel.worker.meters import open_meters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.data.rows import DataSet
    from carelabel.plugin.interfaces import Backend, Meter, PairedTest, Predictor
    from carelabel.worker.main import Operation, Worker


def operations(worker: Worker) -> dict[str, Operation]:
    """Operations of the role by name."""
    candidate = _Candidate(worker)
    return {
        "open": candidate.open,
        "load": candidate.load,
        "ready": candidate.ready,
        "predict": candidate.predict,
        "run": candidate.run,
        "setup": candidate.setup,
        "turn": candidate.turn,
    }


class _Candidate:
    """The one candidate of this worker. ``open`` only takes notes: what is imported and when is measured."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._spent = worker.spent
        self._opened: _Opened | None = None
        self._paired: dict[str, PairedTest] = {}

    def open(self, request: Mapping[str, Any]) -> dict[str, Any]:
        random.seed(request["seed"])
        self._opened = _Opened(request, self._worker)
        return {}

    def load(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return self._open.first_call()

    def ready(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return self._open.ready()

    def predict(self, request: Mapping[str, Any]) -> dict[str, Any]:
        from carelabel.worker.predictions import predict_all  # noqa: PLC0415 - brings numpy

        opened = self._open
        predictor = opened.live()
        begin = time.perf_counter()
        with self._spent.on("predict"):
            result = predict_all(request, opened.context, predictor, opened.backend())
        seconds = time.perf_counter() - begin
        return {
            **result,
            "seconds": seconds,
            "resident_bytes": linux.resident_bytes(),
            "threads": linux.threads(),
        }

    def run(self, request: Mapping[str, Any]) -> dict[str, Any]:
        test = request["test"]
        with self._spent.on("import"):
            function = load_entry(test["entry"])
        with self._spent.on("plugin"):
            return {"measurements": as_json(function(self._open.context, **test["parameters"]), test)}

    def setup(self, request: Mapping[str, Any]) -> dict[str, Any]:
        test = request["test"]
        with self._spent.on("import"):
            make = load_entry(test["entry"])
        with self._spent.on("warm_up"):
            paired: PairedTest = make()
            points = [dict(point) for point in paired.setup(self._open.context, **test["parameters"])]
        self._paired[test["id"]] = paired
        return {"points": points}

    def turn(self, request: Mapping[str, Any]) -> dict[str, Any]:
        test = request["test"]
        identifier = test if isinstance(test, str) else test["id"]
        if identifier not in self._paired:
            raise RefusalError(code="not-set-up", message=f"{identifier} must be set up before its first turn")
        with self._spent.on("turn"):
            samples = self._paired[identifier].turn(int(request["point"]))
        if not isinstance(samples, dict):
            raise RefusalError(
                code="wrong-type",
                message=f"a turn of {identifier} must give a dict of samples, got {type(samples).__name__}",
            )
        return {"samples": samples}

    @property
    def _open(self) -> _Opened:
        if self._opened is None:
            raise RefusalError(
                code="not-open", message="a candidate worker must be opened before it is asked anything else"
            )
        return self._opened


class _Opened:
    """What the request ``open`` named, each part made at first use."""

    def __init__(self, request: Mapping[str, Any], worker: Worker) -> None:
        self._spent = worker.spent
        self._bare_modules = _top_level_modules()
        self._entry: str = request["backend_entry"]
        self._meter_specs = request["meters"]
        self._backend: Backend | None = None
        self._live: Predictor | None = None
        self._meters: dict[str, Meter] | None = None
        self.notes: dict[str, Any] = {"bare_bytes": worker.bare_bytes}
        scratch = Path(request["scratch"])
        scratch.mkdir(parents=True, exist_ok=True)
        self.context = TestContext(
            candidate=request["candidate"],
            platform=from_json(PlatformSpec, request["platform"]),
            artefact=from_json(Artefact, request["artefact"]),
            facts=from_json(ModelFacts, request["facts"]),
            task=request["task"],
            test=cast("DataSet", lazy_data(request["data"]["test"], worker.spent)),
            train=lazy_data(request["data"].get("train"), worker.spent),
            load=self.load_anew,
            live=self.live,
            scratch=scratch,
            seed=request["seed"],
            spawned_ns=worker.spawned_ns,
            timing_rows=request["timing_rows"],
            meters=self.meters,
            notes=self.notes,
            meter_facts={spec["id"]: spec for spec in self._meter_specs},
        )

    def backend(self) -> Backend:
        """The candidate's backend; the first call imports it. ``import_s`` notes that, and later imports in loads."""
        if self._backend is None:
            begin = time.perf_counter()
            with self._spent.on("import"):
                self._backend = load_entry(self._entry)()
            self.notes["import_s"] = time.perf_counter() - begin
        return self._backend

    def load_anew(self) -> Predictor:
        """A new predictor, which its caller closes; the first one's time without imports is noted as ``load_s``."""
        backend = self.backend()
        begin = time.perf_counter()
        with self._spent.on("load"), imports_apart(self._spent) as imports:
            predictor = backend.load(self.context.artefact, self.context.platform)
        self.notes["import_s"] += imports.seconds
        self.notes.setdefault("load_s", time.perf_counter() - begin - imports.seconds)
        return predictor

    def live(self) -> Predictor:
        """The one predictor of this worker."""
        if self._live is None:
            self._live = self.load_anew()
            self.notes.setdefault("modules", sorted(_top_level_modules() - self._bare_modules))
        return self._live

    def meters(self) -> dict[str, Meter]:
        """Meter id to its instance."""
        if self._meters is None:
            self._meters = open_meters(self._meter_specs)
        return self._meters

    def first_call(self) -> dict[str, Any]:
        """Import, load and predict one row, each noted; what the first prediction costs is seen only once."""
        predictor = self.live()
        x = predictor.prepare(self.context.test.rows[0:1])
        begin = time.perf_counter()
        with self._spent.on("predict"), imports_apart(self._spent):
            predictor.predict(x)
        self.notes["first_call_s"] = time.perf_counter() - begin
        self.notes["modules"] = sorted(_top_level_modules() - self._bare_modules)
        return self._ready()

    def ready(self) -> dict[str, Any]:
        """Hold that the live predictor answers, also where a test has come before, whose first call nobody timed."""
        predictor = self.live()
        with self._spent.on("predict"):
            predictor.predict(predictor.prepare(self.context.test.rows[0:1]))
        return self._ready()

    def _ready(self) -> dict[str, Any]:
        self.notes["spawn_to_ready_s"] = (time.monotonic_ns() - self.context.spawned_ns) / 1e9
        self.notes["threads"] = linux.threads()
        return dict(self.notes)


def _top_level_modules() -> set[str]:
    """Those in this process that do not come with Python."""
    return {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names
