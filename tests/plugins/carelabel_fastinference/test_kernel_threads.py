"""Calls from many threads, and calls that use many: the same bits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from carelabel_fastinference import compile_model, read_ensemble

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
