"""Imports under way inside something else are accounted for as imports."""

from __future__ import annotations

import builtins
import pickle
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.worker.imports import imports_apart
from carelabel.worker.time_spent import Spent

if TYPE_CHECKING:
    from pathlib import Path

SLOW = "import time\ntime.sleep(0.05)\nclass Model: pass\n"


@pytest.fixture
def slow_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes a module whose import takes 50 ms, optionally importing another one."""

    def write(name: str, also: str = "") -> str:
        (tmp_path / f"{name}.py").write_text((f"import {also}\n" if also else "") + SLOW)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return name

    monkeypatch.syspath_prepend(str(tmp_path))
    return write


def test_unpickling_is_a_load_and_the_imports_in_it_are_imports(slow_module: Any) -> None:
    content = b"cslow_in_pickle\nModel\n."  # a reference to slow_in_pickle.Model, protocol 0
    slow_module("slow_in_pickle")
    spent = Spent()
    with spent.on("load"), imports_apart(spent) as imports:
        loaded = pickle.loads(content)
        time.sleep(0.02)
    seconds = spent.take()
    assert loaded.__name__ == "Model"
    assert imports.seconds >= 0.05
    assert seconds["import"] == pytest.approx(imports.seconds, rel=0.1)
    assert seconds["load"] >= 0.02


def test_an_import_within_an_import_is_counted_once(slow_module: Any) -> None:
    slow_module("slow_inner")
    slow_module("slow_outer", also="slow_inner")
    clock = iter(range(100))
    spent = Spent()
    with imports_apart(spent, clock=lambda: float(next(clock))) as imports:
        import slow_outer  # noqa: F401, PLC0415 - the test is about this import
    assert imports.seconds == 1.0


def test_imports_of_other_threads_do_not_disturb_the_account(slow_module: Any) -> None:
    spent, name = Spent(), slow_module("slow_elsewhere")
    with spent.on("load"), imports_apart(spent) as imports:
        thread = threading.Thread(target=lambda: __import__(name))
        thread.start()
        thread.join()
    assert imports.seconds == 0.0
    assert set(spent.take()) == {"load"}


def test_everything_is_as_before_afterwards_also_when_it_fails() -> None:
    plain, spent = builtins.__import__, Spent()
    with pytest.raises(ModuleNotFoundError), spent.on("load"), imports_apart(spent):
        import no_such_module  # noqa: F401, PLC0415 - the test is about this import
    assert builtins.__import__ is plain
    assert set(spent.take()) == {"import", "load"}
