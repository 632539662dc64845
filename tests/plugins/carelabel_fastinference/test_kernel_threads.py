"""Calls from many threads, and calls that use many: the same bits. The threads are kept, and wait without working."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from carelabel_fastinference import compile_model, read_ensemble
from carelabel_fastinference.build import kernel

DATA, CLASSES = make_classification(3000, 12, n_informative=8, n_classes=3, random_state=0)
ROWS = DATA.astype(np.float32)
FOREST = RandomForestClassifier(60, max_depth=9, random_state=0).fit(ROWS, CLASSES)


@pytest.mark.parametrize("threads", [2, 3, 7, 64])
@pytest.mark.parametrize("n", [129, 1000, 3000])
def test_threads_of_a_call_do_not_change_bits(threads: int, n: int) -> None:
    fast = compile_model(FOREST, threads=threads)
    np.testing.assert_array_equal(fast.predict_proba(ROWS[:n]), FOREST.predict_proba(ROWS[:n]))


def test_threads_can_be_set_later() -> None:
    fast = compile_model(FOREST)
    fast.threads = 4
    assert fast.threads == 4
    with pytest.raises(ValueError, match="threads must be from 1 to 1024"):
        fast.threads = 0


def test_one_model_may_be_called_from_many_threads() -> None:
    model = HistGradientBoostingClassifier(max_iter=10).fit(np.where(DATA > 2, np.nan, DATA), CLASSES)
    holes = np.where(DATA > 2, np.nan, DATA)
    inputs = [ROWS, DATA, holes, ROWS[:5], holes.astype(np.float32)]
    wanted = [model.decision_function(x) for x in inputs]
    for _ in range(3):
        fast = compile_model(model, threads=2)  # packings for float64 and NaN are made by racing calls
        with ThreadPoolExecutor(8) as pool:
            got = list(pool.map(fast.decision_function, inputs * 6))
        for i, scores in enumerate(got):
            np.testing.assert_array_equal(scores, wanted[i % len(inputs)])


def test_a_nan_in_one_threads_share_reaches_the_caller() -> None:
    rows = ROWS.copy()
    rows[2900, 3] = np.nan
    refusing = compile_model(replace(read_ensemble(FOREST), accepts_nan=False), threads=4)
    with pytest.raises(ValueError, match="X must not hold NaN"):
        refusing.predict_proba(rows)


def test_calls_at_once_share_the_threads_that_wait() -> None:
    fast = compile_model(FOREST, threads=3)
    wanted = FOREST.predict_proba(ROWS)
    with ThreadPoolExecutor(6) as pool:
        for got in pool.map(fast.predict_proba, [ROWS] * 120):
            np.testing.assert_array_equal(got, wanted)


TASKS = Path("/proc/self/task")
counted = pytest.mark.skipif(not TASKS.exists(), reason="the system does not list a process's threads")
PROGRAM = """
import os, pickle, sys, threading
import numpy as np
from carelabel_fastinference import FastModel
rows, wanted = pickle.load(open(sys.argv[2], "rb"))
tasks = lambda: len(os.listdir("/proc/self/task"))
before = tasks()
fast = FastModel.load(sys.argv[1])
def right(times=1):
    return all(np.array_equal(fast.predict_proba(rows), wanted) for _ in range(times))
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("forest")
    compile_model(FOREST).save(folder / "model.trees")
    (folder / "rows").write_bytes(pickle.dumps((ROWS, FOREST.predict_proba(ROWS))))
    return folder / "model.trees", folder / "rows"


def run(program: str, saved: tuple[Path, Path]) -> str:
    """What a process of its own says; it must end well."""
    words = [sys.executable, "-c", PROGRAM + program, *map(str, saved)]
    own = {
        "CARELABEL_FASTINFERENCE_BUILDS": str(Path(kernel().__file__ or "").parents[1]),
        "OPENBLAS_NUM_THREADS": "1",  # numpy's threads would be counted, and end at a fork
    }
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600, env={**os.environ, **own})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@counted
def test_one_thread_is_the_callers_own_and_further_ones_are_kept(saved: tuple[Path, Path]) -> None:
    said = run(
        "assert right(3); print(tasks() - before)\n"
        "fast.threads = 3; assert right(); print(tasks() - before)\n"
        "assert right(50); fast.threads = 2; assert right(); print(tasks() - before)\n",
        saved,
    )
    assert said.split() == ["0", "2", "2"]


@counted
def test_a_forked_process_has_threads_of_its_own(saved: tuple[Path, Path]) -> None:
    said = run(
        "fast.threads = 3; assert right()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    good = tasks() == 1 and right(5) and tasks() == 3\n"
        "    grandchild = os.fork()\n"
        "    if grandchild == 0: os._exit(0 if right(5) else 1)\n"
        "    os._exit(0 if good and right(5) and os.waitpid(grandchild, 0)[1] == 0 else 1)\n"
        "print(os.waitpid(child, 0)[1], right(5), tasks() - before)\n",
        saved,
    )
    assert said == "0 True 2"


def test_a_process_ends_while_its_threads_predict(saved: tuple[Path, Path]) -> None:
    said = run(
        "fast.threads = 3\n"
        "def forever():\n"
        "    while right(): pass\n"
        "for _ in range(3): threading.Thread(target=forever, daemon=True).start()\n"
        "print(right(20))\n",
        saved,
    )
    assert said == "True"


def test_threads_that_wait_do_not_work() -> None:
    fast = compile_model(FOREST, threads=3)
    fast.predict_proba(ROWS)
    begin = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - begin < 0.1


@pytest.mark.skipif(sys.platform != "linux", reason="how a library stays loaded is told to Linux's linker")
def test_the_library_stays_loaded(saved: tuple[Path, Path]) -> None:
    path = kernel().__file__
    assert path is not None
    said = run(
        "import _ctypes\n"
        f"handle = _ctypes.dlopen({path!r}, 0)\n"
        "_ctypes.dlclose(handle); _ctypes.dlclose(handle); _ctypes.dlclose(handle)\n"
        f"print({os.path.basename(path)!r} in open('/proc/self/maps').read())\n",  # noqa: PTH119 - in a text
        saved,
    )
    assert said == "True"
