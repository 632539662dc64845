"""What is declared, and what a plan makes of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from carelabel.plan.match import Rejected, match
from carelabel_torch.plugin import carelabel_backends, carelabel_converters
from tests.factories import make_host, make_model, make_subject

CONVERTERS = {record.name: record for record in carelabel_converters()}
PACKAGES = {"torch": "2.13.0", "onnx": "1.23", "onnxscript": "0.7.2", "torch-pruning": "1.6.1"}


def verdict(name: str, family: str = "mlp", provides: Any = (), **host: Any) -> str:
    model = make_model(framework="torch", format="torch-export", family=family)
    subject = dataclasses.replace(make_subject(model=model), provides=frozenset(provides))
    found = match(CONVERTERS[name], subject, make_host(packages=PACKAGES, **host))
    return found.text if isinstance(found, Rejected) else ""


def test_float16_is_for_devices_that_compute_in_it() -> None:
    assert verdict("float16") == "runs on cuda, which this machine has not"
    assert verdict("float16", tags=frozenset({"cpu", "cuda"})) == ""


def test_structured_pruning_needs_training_rows_and_channels() -> None:
    assert verdict("prune-structured") == "needs train: the metadata names no training data"
    assert verdict("prune-structured", provides=["train"]) == ""
    assert "is for family cnn, mlp, this is other" in verdict("prune-structured", family="other", provides=["train"])


@pytest.mark.parametrize("name", sorted(CONVERTERS))
def test_a_missing_package_is_a_reason_with_a_hint(name: Any) -> None:
    model = make_model(framework="torch", format="torch-export", family="mlp")
    found = match(CONVERTERS[name], make_subject(model=model), make_host(packages={}))
    assert isinstance(found, Rejected)
    assert "requires torch>=2.13: it is not installed" in found.text
    assert "pip install" in found.hint


def test_loading_any_of_these_files_needs_consent() -> None:
    assert {record.executes_code for record in carelabel_backends()} == {True}


def test_each_format_runs_on_cuda_devices_too() -> None:
    cuda = {item for record in carelabel_backends() if "cuda" in record.runs_on for item in record.formats}
    assert cuda == {"torch-export", "torch-script", "torch-code", "torch-export-half"}
