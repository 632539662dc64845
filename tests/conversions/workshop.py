"""One conversion from a saved model to its parity, as a run does it, without processes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from carelabel.base.host import probe_host
from carelabel.data.rows import DataSet, Rows
from carelabel.errors import CareLabelError
from carelabel.parity.classes import compare
from carelabel.plan.match import Rejected, match
from carelabel.plugin.discovery import discover
from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec, Predictions
from carelabel.process.refusal import describe
from carelabel.worker.answers import checked
from carelabel.worker.entries import load_entry
from tests.factories import make_data, make_subject
from tests.house.generated import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carelabel.model.facts import ModelFacts
    from carelabel.plugin.records import Converter
    from carelabel.plugin.registry import Registry

NOT_DECLARED = "not-declared"
ONE_THREAD = PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1)
BOUNDARY_ROWS = 150
_DECLARED = frozenset({"task", "framework", "family"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """What must come out: model -> converter -> outcome. A converter that is not named for a model must not be for it.

    Attributes:
        models: Modules whose functions, called by the models' names, save one into a folder and give a `Given`.
        slow: Converters, and pairs of ``model/converter``, that are left out of a quick round.
        quick: Pairs of slow converters that are not.
    """

    name: str
    models: tuple[str, ...]
    converters: tuple[str, ...]
    outcomes: Mapping[str, Mapping[str, str]]
    slow: frozenset[str] = frozenset()
    quick: frozenset[str] = frozenset()

    @classmethod
    def read(cls, path: Path) -> Table:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
        slow, quick = (frozenset(held.pop(key, ())) for key in ("slow", "quick"))
        models, converters = (tuple(held.pop(key)) for key in ("models", "converters"))
        return cls(name=path.stem, models=models, converters=converters, slow=slow, quick=quick, **held)

    def is_slow(self, model: str, converter: str) -> bool:
        pair = f"{model}/{converter}"
        return pair in self.slow or (converter in self.slow and pair not in self.quick)

    def maker(self, model: str) -> Callable[[Path], Any]:
        name = model.replace("-", "_")
        module = next(module for module in self.models if _may_hold(module, name))
        return getattr(pytest.importorskip(module, exc_type=ImportError), name)


def _may_hold(module: str, name: str) -> bool:
    """Whether a module has this function, found without importing the library that it is about."""
    source = Path(*module.split(".")).with_suffix(".py")
    return f"def {name}(" in (ROOT / source).read_text(encoding="utf-8")


TABLES = tuple(Table.read(path) for path in sorted(Path(__file__).parent.glob("*.yaml")))


@dataclass(kw_only=True)
class Model:
    """A saved model with what its backend found out."""

    given: Any
    folder: Path
    registry: Registry
    made: int = field(default=0)

    @cached_property
    def data(self) -> DataSet:
        return self._data(self.given.x, self.given.y)

    @cached_property
    def train(self) -> DataSet | None:
        held = getattr(self.given, "train", None)
        return None if held is None else self._data(*held)

    def _data(self, x: Any, y: Any) -> DataSet:
        classes = tuple(sorted(set(y.ravel().tolist()))) if self.given.task == "classification" else ()
        facts = make_data(rows=len(x), features=math.prod(x.shape[1:]), shape=x.shape[1:], classes=classes)
        return DataSet(rows=Rows(array=x), target=y, groups={}, facts=facts)

    @cached_property
    def _inspected(self) -> tuple[ModelFacts, Any]:
        path = self.given.path
        for record in self.registry.backends().values():
            if path.name.endswith(record.suffixes):
                backend = load_entry(record.entry)()
                facts = backend.inspect(path, self.data)
                if facts is not None:
                    return facts, backend
        pytest.skip(f"no plugin that is installed loads {path.name}")

    @property
    def facts(self) -> ModelFacts:
        return self._inspected[0]

    @cached_property
    def predictor(self) -> Any:
        facts, backend = self._inspected
        return backend.load(Artefact(path=self.given.path, format=facts.format, facts=facts), ONE_THREAD)

    @cached_property
    def boundary(self) -> Any:
        place = getattr(self._inspected[1], "boundary_rows", None)
        return place(self.predictor, self.data, BOUNDARY_ROWS, 0) if place else None

    def declared(self, record: Converter) -> bool:
        """Whether a converter says that it is for this model, whatever is installed."""
        verdict = match(record, make_subject(model=self.facts), probe_host(), framework=self.facts.framework)
        codes = {reason.code for reason in verdict.reasons} if isinstance(verdict, Rejected) else set()
        task = record.tasks == {"*"} or self.facts.task in record.tasks
        return self.facts.format in record.source and task and not codes & (_DECLARED - {"task"})

    def converted(self, record: Converter) -> Artefact:
        self.made += 1
        out = self.folder / f"out-{self.made}"
        out.mkdir()
        context = ConvertContext(
            load=lambda: self.predictor, test=self.data, train=self.train, scratch=self.folder, threads=2, seed=0
        )
        source = Artefact(path=self.given.path, format=self.facts.format, facts=self.facts)
        defaults = {parameter.name: parameter.default for parameter in record.parameters}
        return load_entry(record.entry)(source, out, context, **defaults)

    def opened(self, artefact: Artefact) -> Any:
        entries = [item.entry for item in self.registry.backends().values() if artefact.format in item.formats]
        if not entries:
            pytest.skip(f"no plugin that is installed runs {artefact.format}")
        return load_entry(entries[0])().load(artefact, ONE_THREAD)

    def parity(self, candidate: Any) -> dict[str, Any]:
        boundary = None
        if self.boundary is not None:
            rows = Rows(array=self.boundary.rows)
            sides = {"original": self._answers(self.predictor, rows), "candidate": self._answers(candidate, rows)}
            boundary = {**sides, "on_threshold": self.boundary.on_threshold}
        original, other = (self._answers(one, self.data.rows) for one in (self.predictor, candidate))
        return compare(self.facts.task, original, other, self.data.target, boundary, {})

    def _answers(self, predictor: Any, rows: Rows) -> Predictions:
        x = predictor.prepare(rows)
        labels = checked("predict", predictor.predict(x), len(rows), self.facts)
        if predictor.predict_proba is None:
            return Predictions(labels=labels)
        proba = checked("predict_proba", predictor.predict_proba(x), len(rows), self.facts)
        return Predictions(labels=labels, probabilities=proba)

    def outcome(self, record: Converter) -> tuple[str, Any]:
        """The word of the table, and what is behind it."""
        if not self.declared(record):
            return NOT_DECLARED, None
        try:
            candidate = self.opened(self.converted(record))
            found = self.parity(candidate)
        except CareLabelError as error:
            return f"failed:{describe(error)['code']}", error
        return found["class"], found


def registry() -> Registry:
    """What is installed."""
    return discover()
