"""Models, data and converted candidates; a source comes as estimator and input type, without its backend."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from carelabel.data.rows import DataSet, Rows
from carelabel.model.facts import InputType, ModelFacts
from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec
from carelabel_fastinference.plugin import carelabel_backends, carelabel_converters
from tests.factories import make_data, make_model

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

ONE_THREAD = PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1)
CONVERTERS = {record.name: record for record in carelabel_converters()}
UPSTREAM = "upstream"  # of another generator: see test_upstream.py
EXACT = tuple(name for name, item in CONVERTERS.items() if item.conversion == "format" and name != UPSTREAM)
ROUNDED = tuple(name for name, record in CONVERTERS.items() if record.conversion == "quantise")


def array(dtype: str, width: int, **changes: Any) -> InputType:
    return InputType(container="array", dtype=dtype, shape=(width,), rounds_to=dtype, **changes)


def data_of(x: np.ndarray, y: Any = None, classes: tuple[Any, ...] = ()) -> DataSet:
    facts = make_data(rows=len(x), features=x.shape[1], shape=x.shape[1:], classes=classes)
    return DataSet(rows=Rows(array=x), target=y, groups={}, facts=facts)


def facts_of(estimator: Any, task: str, source: InputType) -> ModelFacts:
    """As the inspector of scikit-learn's files finds them."""
    found = getattr(estimator, "classes_", None)
    many = isinstance(found, list)
    return make_model(
        framework="scikit-learn",
        format="sklearn-pickle",
        task=task,
        input_type=source,
        n_features=source.shape[0],
        classes=() if found is None or many else tuple(found.tolist()),
        outputs=int(getattr(estimator, "n_outputs_", 1)),
        probabilities=hasattr(estimator, "predict_proba") and not many,
        decision=hasattr(estimator, "decision_function") and not many,
    )


def source_type(estimator: Any) -> InputType:
    """HistGradientBoosting compares in float64; the other trees round to float32."""
    dtype = "float64" if "Hist" in type(estimator).__name__ else "float32"
    return array(dtype, int(estimator.n_features_in_))


def entry_of(entry: str) -> Any:
    module, _, name = entry.partition(":")
    return getattr(importlib.import_module(module), name)


def convert(folder: Path, name: str, estimator: Any, data: DataSet, **parameters: Any) -> Artefact:
    """An estimator through one converter, or an artefact through one that takes such."""
    record = CONVERTERS[name]
    if isinstance(estimator, Artefact):
        artefact, model = estimator, None
    else:
        source = source_type(estimator)
        task = "classification" if hasattr(estimator, "classes_") else "regression"
        facts = facts_of(estimator, task, source)
        artefact = Artefact(path=folder / "model.pkl", format="sklearn-pickle", facts=facts)
        model = SimpleNamespace(native=estimator, input_type=source)
    out, scratch = folder / f"out-{name}", folder / "scratch"
    out.mkdir(exist_ok=True)
    scratch.mkdir(exist_ok=True)
    context: Any = ConvertContext(load=lambda: model, test=data, train=None, scratch=scratch, threads=1, seed=0)
    defaults = {parameter.name: parameter.default for parameter in record.parameters}
    converted: Artefact = entry_of(record.entry)(artefact, out, context, **{**defaults, **parameters})
    assert converted.format == record.target
    return converted


def opened(artefact: Artefact) -> Any:
    """The predictor of a converted model, by the backend whose record names its format."""
    (record,) = [item for item in carelabel_backends() if artefact.format in item.formats]
    return entry_of(record.entry)().load(artefact, ONE_THREAD)
