"""What every command imports stays light: the parent process imports neither numpy nor a framework."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("numpy", "scipy", "pandas", "sklearn", "joblib", "onnx", "onnxruntime", "skl2onnx", "torch", "matplotlib")
TRACE = """
import contextlib, io, json, sys
from carelabel.cli.app import main
with contextlib.redirect_stdout(io.StringIO()):
    try:
        code = main({words!r})
    except SystemExit as end:
        code = end.code
print(json.dumps([code, sorted(sys.modules)]))
"""


def modules_after(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["list-tests"],
        ["list-tests", "--json"],
        ["list-metrics", "--task", "regression"],
        ["plugins", "list"],
    ],
    ids=" ".join,
)
def test_a_command_imports_no_framework(words: list[str]) -> None:
    code, modules = modules_after(TRACE.format(words=words))
    assert code in {0, None}
    assert [name for name in HEAVY if name in modules] == []


@pytest.mark.parametrize("words", [["--help"], ["list-tests"]], ids=" ".join)
def test_help_and_lists_build_no_schema(words: list[str]) -> None:
    _, modules = modules_after(TRACE.format(words=words))
    assert [
        name for name in modules if name.startswith(("carelabel.label", "carelabel.model.metadata", "carelabel.run"))
    ] == []


def test_importing_carelabel_imports_nothing_of_its_own() -> None:
    modules = modules_after("import json, sys, carelabel; print(json.dumps(sorted(sys.modules)))")
    assert [name for name in modules if name.startswith("carelabel.")] == []


def test_every_public_name_can_be_had() -> None:
    import carelabel  # noqa: PLC0415 - the test is about this import

    assert [name for name in carelabel.__all__ if getattr(carelabel, name, None) is None] == []
    assert dir(carelabel) == sorted(carelabel.__all__)
    with pytest.raises(AttributeError, match="module 'carelabel' has no attribute 'nonsense'"):
        _ = carelabel.nonsense
