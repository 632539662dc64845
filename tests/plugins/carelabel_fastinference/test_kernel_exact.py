"""The packed kernel gives the bits of the reference, on every path, and those of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from carelabel_fastinference import compile_model, read_ensemble, reference
from carelabel_fastinference.build import kernel
from carelabel_fastinference.model import NATIVE
from carelabel_fastinference.pack import float32_keys
from carelabel_fastinference.probing import probe_rows, same_bits
from carelabel_fastinference.sampling import random_ensemble

BATCHES = (1, 6, 7, 16, 33, 200)
DATA, CLASSES = make_classification(600, 12, n_informative=8, n_classes=3, random_state=0)
ROWS = DATA.astype(np.float32)
HOLES = np.where(np.random.default_rng(1).random(ROWS.shape) < 0.1, np.float32(np.nan), ROWS)
NAMES = np.array(["ant", "bee", "cicada"])


def paths() -> list[str]:
    names: list[str] = kernel().supported().split(",")
    return names


SKLEARN: list[tuple[Any, np.ndarray, np.ndarray]] = [
    (DecisionTreeClassifier(random_state=0), ROWS, NAMES[CLASSES]),
    (DecisionTreeRegressor(max_depth=4), ROWS, DATA[:, 0]),
    (RandomForestClassifier(15, max_depth=6, random_state=0), ROWS, NAMES[CLASSES]),
    (RandomForestClassifier(15, random_state=0), ROWS, CLASSES),
    (RandomForestClassifier(15, random_state=0), HOLES, CLASSES == 1),
    (RandomForestClassifier(5, max_depth=5, random_state=0), ROWS, np.arange(600) % 70),
    (ExtraTreesClassifier(15, random_state=0), ROWS, CLASSES - 1),
    (RandomForestRegressor(15, random_state=0), ROWS, DATA[:, 0] + CLASSES),
    (RandomForestRegressor(15, max_depth=4, random_state=0), ROWS, DATA[:, :5]),
    (ExtraTreesRegressor(7, random_state=0), HOLES, DATA[:, 0]),
    (RandomForestClassifier(9, random_state=0), ROWS, np.stack((CLASSES, CLASSES == 0), axis=1)),
    (GradientBoostingRegressor(n_estimators=20, random_state=0), ROWS, DATA[:, 0]),
    (GradientBoostingRegressor(n_estimators=20, max_depth=6, random_state=0), ROWS, DATA[:, 0]),
    (HistGradientBoostingRegressor(max_iter=20, max_depth=3), HOLES, DATA[:, 0]),
    (HistGradientBoostingRegressor(max_iter=20), HOLES, DATA[:, 0]),
]


@pytest.mark.parametrize(("model", "x", "y"), SKLEARN, ids=lambda v: type(v).__name__ if hasattr(v, "fit") else "")
def test_labels_probabilities_and_values_have_the_bits_of_scikit_learn(
    model: Any, x: np.ndarray, y: np.ndarray
) -> None:
    model.fit(x, y)
    ensemble = read_ensemble(model)
    rows = np.concatenate((x, probe_rows(ensemble, 400, nan=bool(np.isnan(x).any()), infinite=False, base=ROWS)))
    wanted = outputs_of(model, rows)
    for path in paths():
        for one, other in zip(outputs_of(compile_model(ensemble, path=path), rows), wanted, strict=True):
            np.testing.assert_array_equal(one, other)


def outputs_of(model: Any, rows: np.ndarray) -> list[Any]:
    with np.errstate(all="ignore"):  # scikit-learn sums the largest floats to see whether all are finite
        found = [model.predict(rows)]
        if hasattr(model, "predict_proba"):
            proba = model.predict_proba(rows)
            found += proba if isinstance(proba, list) else [proba]
    return found


@pytest.mark.parametrize(
    "model",
    [
        GradientBoostingClassifier(n_estimators=15, random_state=0),
        GradientBoostingClassifier(n_estimators=15, max_depth=5, random_state=0),
        HistGradientBoostingClassifier(max_iter=15),
    ],
    ids=lambda model: f"{type(model).__name__}-{model.max_depth}",
)
@pytest.mark.parametrize("classes", [2, 3])
def test_boosting_has_the_raw_sums_and_labels_of_scikit_learn(model: Any, classes: int) -> None:
    model.fit(ROWS, np.minimum(CLASSES, classes - 1))
    ensemble = read_ensemble(model)
    rows = np.concatenate((ROWS, probe_rows(ensemble, 400, nan=False, infinite=False, base=ROWS)))
    labels, proba = outputs_of(model, rows)
    with np.errstate(all="ignore"):
        scores = model.decision_function(rows)
    for path in paths():
        fast = compile_model(ensemble, path=path)
        assert same_bits(fast.decision_function(rows), scores)
        np.testing.assert_array_equal(fast.predict(rows), labels)
        np.testing.assert_allclose(fast.predict_proba(rows), proba, rtol=1e-13)


def test_infinities_go_where_scikit_learn_sends_them() -> None:
    model = RandomForestClassifier(10, random_state=0).fit(ROWS, CLASSES)
    rows = np.where(np.random.default_rng(2).random(ROWS.shape) < 0.2, np.float32(np.inf), ROWS)
    rows[::2] *= -1
    with sklearn.config_context(assume_finite=True):
        wanted = model.predict_proba(rows)
    np.testing.assert_array_equal(compile_model(model).predict_proba(rows), wanted)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1), n_trees=st.integers(1, 60), depth=st.integers(0, 12), width=st.integers(1, 8))
def test_random_ensembles_have_the_bits_of_the_reference(seed: int, n_trees: int, depth: int, width: int) -> None:
    ensemble = random_ensemble(seed, n_trees=n_trees, n_features=width, max_depth=depth)
    rows = probe_rows(ensemble, 130, seed=seed % 1000)
    with np.errstate(over="ignore"):
        for x in (rows.astype(np.float32), rows.astype(np.float64)):
            wanted = reference.raw_scores(ensemble, x)
            for path in paths():
                check_scores(compile_model(ensemble, path=path, layout=NATIVE[seed % 3]), x, wanted)


def check_scores(fast: Any, x: np.ndarray, wanted: np.ndarray) -> None:
    for batch in (1, 7, 130):
        assert same_bits(fast.raw_scores(x[:batch]), wanted[:batch])
    assert same_bits(fast.raw_scores(x[1:40:3]), wanted[1:40:3])


@pytest.mark.parametrize("layout", [*NATIVE, "if-else", "if-else-integer"])
def test_every_layout_gives_the_same_bits(layout: Any) -> None:
    model = RandomForestClassifier(5, max_depth=5, random_state=0).fit(ROWS, CLASSES)
    fast = compile_model(model, layout=layout)
    np.testing.assert_array_equal(fast.predict_proba(ROWS), model.predict_proba(ROWS))


@pytest.mark.parametrize("batch", BATCHES)
def test_batch_sizes_do_not_change_bits(batch: int) -> None:
    model = RandomForestClassifier(40, max_depth=9, random_state=0).fit(ROWS, CLASSES)
    wanted = model.predict_proba(ROWS)
    for path in paths():
        fast = compile_model(model, path=path)
        for start in range(0, len(ROWS) - batch, 97):
            part = slice(start, start + batch)
            np.testing.assert_array_equal(fast.predict_proba(ROWS[part]), wanted[part])


def test_leaf_sharing_makes_a_deep_forest_smaller() -> None:
    model = RandomForestClassifier(20, random_state=0).fit(ROWS, CLASSES)
    shared, apart = compile_model(model), compile_model(model, layout="native-unshared")
    assert shared.nbytes < 0.95 * apart.nbytes
    assert shared.nbytes < 2 * 8 * shared.ensemble.n_nodes


@settings(max_examples=300, deadline=None)
@given(x=st.floats(width=32, allow_nan=False), threshold=st.floats(allow_nan=False), strict=st.booleans())
def test_a_key_compares_as_its_threshold_does(x: float, threshold: float, *, strict: bool) -> None:
    goes_left = x < threshold if strict else x <= threshold
    bits = np.uint32(np.float32(x).view(np.uint32))
    key = ~bits if bits >> 31 else bits | np.uint32(0x80000000)
    assert bool(key <= float32_keys(np.array([threshold]), strict=strict)[0]) == goes_left
