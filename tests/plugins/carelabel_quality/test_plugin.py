"""What the plugin declares: every record's code is there, and declaring costs nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest

from carelabel_quality.plugin import carelabel_metrics, carelabel_tests

RECORDS = [*carelabel_metrics(), *carelabel_tests()]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_the_code_behind_a_record_is_there(record: Any) -> None:
    module, _, attribute = record.entry.partition(":")
    assert callable(getattr(import_module(module), attribute))


def test_metrics_follow_task_and_need() -> None:
    by_name = {record.name: record for record in RECORDS}
    assert by_name["roc-auc"].needs == {"labels", "probabilities"}
    assert by_name["roc-auc-decision"].needs == {"labels", "decision"}
    assert by_name["silhouette"].needs == frozenset()
    assert by_name["mse"].tasks == {"regression"}
    assert by_name["mse"].unit == "target^2"


def test_declaring_imports_no_framework() -> None:
    code = (
        "import sys, carelabel_quality.plugin as p; p.carelabel_metrics();"
        "print({'sklearn', 'numpy'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
