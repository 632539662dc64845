"""Small true-to-life values for tests of the core: a subject, a host, a registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from carelabel.base.host import Host
from carelabel.data.facts import DataFacts, DataSource
from carelabel.model.facts import Declared, InputType, Limits, ModelFacts, Subject, Submission
from carelabel.options import RunOptions
from carelabel.plugin.parameter import Parameter
from carelabel.plugin.records import ANY, Backend, Converter, Metric, Quantity, Record, Registered, Test
from carelabel.plugin.registry import PluginInfo, Registry

PLANKS = frozenset({"planks"})
AVERAGE = Parameter(name="average", type="str", default="macro", description="how", choices=("macro", "micro"))


def make_model(**changes: Any) -> ModelFacts:
    """A forest of three classes."""
    fields: dict[str, Any] = {
        "framework": "woodwork",
        "format": "woodwork-file",
        "family": "random-forest",
        "estimator": "Forest",
        "task": "classification",
        "input_type": InputType(container="array", dtype="float32", shape=(4,), rounds_to="float32"),
        "n_features": 4,
        "classes": (0, 1, 2),
        "probabilities": True,
    }
    return ModelFacts(**{**fields, **changes})


def make_data(**changes: Any) -> DataFacts:
    """A hundred rows of four numbers."""
    fields: dict[str, Any] = {
        "sha256": "d" * 64,
        "bytes": 3200,
        "rows": 100,
        "features": 4,
        "shape": (4,),
        "container": "array",
        "dtypes": ("float64",),
        "classes": (0, 1, 2),
        "target": "y",
        "folder": "/nowhere",
    }
    return DataFacts(**{**fields, **changes})


def make_submission(**changes: Any) -> Submission:
    """A submission that has been read."""
    fields: dict[str, Any] = {
        "path": Path("/models/model.wood"),
        "sha256": "a" * 64,
        "bytes": 1000,
        "head": b"WOOD",
        "metadata_path": Path("/models/meta.yaml"),
        "metadata_sha256": "b" * 64,
        "declared": Declared(name="a forest", task="classification"),
        "test": DataSource(path=Path("/models/test.npz"), sha256="d" * 64, bytes=3200),
        "train": None,
        "limits": Limits(),
    }
    return Submission(**{**fields, **changes})


def make_subject(**changes: Any) -> Subject:
    """A subject that has been inspected."""
    fields: dict[str, Any] = {
        "submission": make_submission(),
        "backend": "wood.file",
        "consent": "none-needed",
        "model": make_model(),
        "test": make_data(),
        "train": None,
        "provides": frozenset({"labels", "probabilities"}),
    }
    return Subject(**{**fields, **changes})


def make_host(**changes: Any) -> Host:
    """A machine of two processors without an accelerator."""
    fields: dict[str, Any] = {
        "system": "Linux",
        "platform": "Linux-6",
        "python": "3.11.7",
        "processor": "a processor",
        "processors": (0, 1),
        "memory_bytes": 8 << 30,
        "tags": frozenset({"cpu", "x86_64"}),
        "provides": frozenset({"compiler"}),
    }
    return Host(**{**fields, **changes})


def make_options(**changes: Any) -> RunOptions:
    """Options of a plain run."""
    return RunOptions(**{"model": Path("model.wood"), "meta": Path("meta.yaml"), **changes})


def backend(**changes: Any) -> Backend:
    """A backend for the model above."""
    fields: dict[str, Any] = {
        "name": "file",
        "summary": "wood",
        "entry": "wood.backend:Backend",
        "tasks": ANY,
        "frameworks": ANY,
        "formats": frozenset({"woodwork-file"}),
        "suffixes": (".wood",),
        "framework": "woodwork",
    }
    return Backend(**{**fields, **changes})


def converter(**changes: Any) -> Converter:
    """A converter from the model above to planks."""
    fields: dict[str, Any] = {
        "name": "saw",
        "summary": "to planks",
        "entry": "wood.saw:convert",
        "tasks": ANY,
        "frameworks": ANY,
        "source": frozenset({"woodwork-file"}),
        "target": "planks",
        "conversion": "format",
        "slug": "planks",
        "lossless": True,
    }
    return Converter(**{**fields, **changes})


def quantity(name: str = "figure") -> Quantity:
    """A quantity in seconds."""
    return Quantity(name=name, unit="s", better="lower", group="latency", meaning="seconds")


def a_test(**changes: Any) -> Test:
    """A paired test on every cell."""
    fields: dict[str, Any] = {
        "name": "latency",
        "summary": "latency",
        "entry": "wood.latency:Latency",
        "tasks": ANY,
        "frameworks": ANY,
        "group": "resources",
        "scope": "cell",
        "style": "paired",
        "quantities": (quantity(),),
    }
    return Test(**{**fields, **changes})


def a_metric(**changes: Any) -> Metric:
    """A metric on labels."""
    fields: dict[str, Any] = {
        "name": "accuracy",
        "summary": "share of right answers",
        "entry": "wood.metrics:accuracy",
        "tasks": frozenset({"classification"}),
        "frameworks": ANY,
        "input": "labels",
        "better": "higher",
        "range": (0.0, 1.0),
        "parameters": (AVERAGE,),
    }
    return Metric(**{**fields, **changes})


def make_registry(*records: tuple[str, Record]) -> Registry:
    """A registry of records under their ids; without arguments one of each kind that planning needs."""
    found = records or (
        ("wood.file", backend()),
        ("wood.planks", backend(name="planks", formats=PLANKS, suffixes=(".planks",), framework="planks")),
        ("wood.saw", converter()),
        ("wood.latency", a_test()),
        ("wood.accuracy", a_metric()),
    )
    registered = {
        identifier: Registered(id=identifier, record=record, distribution="woodwork", version="1.0")
        for identifier, record in sorted(found, key=lambda item: item[0])
    }
    plugin = PluginInfo(
        name="wood",
        module="wood.plugin",
        distribution="woodwork",
        version="1.0",
        source="/site",
        builtin=False,
        status="loaded",
    )
    return Registry(records=registered, plugins=(plugin,))
