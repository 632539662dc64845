"""What the plugin declares, and that declaring costs nothing."""

from __future__ import annotations

import subprocess
import sys

from carelabel_sklearn.plugin import carelabel_backends


def test_declaring_imports_no_framework() -> None:
    code = (
        "import sys, carelabel_sklearn.plugin as p; p.carelabel_backends();"
        "print({'sklearn', 'numpy'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


def test_only_skops_needs_no_consent() -> None:
    assert {record.name: record.executes_code for record in carelabel_backends()} == {
        "joblib": True,
        "pickle": True,
        "skops": False,
    }
