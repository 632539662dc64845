from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from typing import Any

import pytest

from carelabel.plugin.records import ANY
from carelabel_resources.plugin import carelabel_tests

TESTS = carelabel_tests()


def test_these_are_the_tests() -> None:
    assert [(test.name, test.scope, test.style, test.place) for test in TESTS] == [
        ("latency", "cell", "paired", "candidate"),
        ("scenarios", "cell", "once", "candidate"),
        ("load", "candidate", "once", "fresh"),
        ("cold-start", "candidate", "paired", "fresh"),
        ("size", "candidate", "once", "candidate"),
        ("footprint", "candidate", "once", "candidate"),
        ("parameters", "candidate", "once", "candidate"),
        ("memory", "cell", "once", "fresh"),
        ("memray", "cell", "once", "fresh"),
        ("gpu-memory", "cell", "once", "fresh"),
    ]


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_they_hold_for_every_model(test: Any) -> None:
    assert test.tasks == test.frameworks == test.families == ANY
    assert test.group == "resources"


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_every_declared_parameter_reaches_the_code(test: Any) -> None:
    module, _, name = test.entry.partition(":")
    code = getattr(importlib.import_module(module), name)
    taken = inspect.signature(code.setup if test.style == "paired" else code).parameters
    assert {parameter.name for parameter in test.parameters} <= set(taken)


def test_batch_sizes_are_those_of_the_specification() -> None:
    sizes = next(parameter for parameter in TESTS[0].parameters if parameter.name == "batch_sizes")
    assert sizes.default == [1, 16, 32, 64, 128]


def test_every_quantity_has_a_unit_a_direction_and_a_sentence_for_the_reader() -> None:
    quantities = [quantity for test in TESTS for quantity in test.quantities]
    assert len({quantity.name for quantity in quantities}) == len(quantities)
    for quantity in quantities:
        assert quantity.unit in {"s", "B", "1", "1/s"}
        assert quantity.better in {"lower", "higher"} or quantity.name.startswith("parameters")
        assert quantity.meaning.endswith(".")


def test_declaring_imports_neither_numpy_nor_a_framework() -> None:
    program = (
        "import sys; import carelabel_resources.plugin as plugin; plugin.carelabel_tests();"
        "print(sorted({'numpy', 'scipy', 'sklearn', 'onnxruntime', 'torch'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert found.strip() == "[]"


def test_timing_a_candidate_imports_neither_numpy_nor_scipy_by_itself() -> None:
    program = (
        "import sys; import carelabel_resources.latency, carelabel_resources.memory, carelabel_resources.load;"
        "print(sorted({'numpy', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert found.strip() == "[]"
