"""Whatever comes as X: the right answer or one clear line, never a crash."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from carelabel_fastinference import compile_model
from carelabel_fastinference.errors import UnsupportedModelError

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(300, 6)).astype(np.float32)
MODEL = RandomForestClassifier(10, max_depth=4, random_state=0).fit(ROWS, ROWS[:, 0] > 0)


@pytest.fixture(scope="module", params=["native", "if-else"])
def fast(request: pytest.FixtureRequest) -> Any:
    return compile_model(MODEL, layout=request.param)


@pytest.fixture(scope="module")
def wanted() -> np.ndarray:
    proba: np.ndarray = MODEL.predict_proba(ROWS)
    return proba


def spread(rows: np.ndarray) -> np.ndarray:
    """The same values in every third column and second row, backwards."""
    wide = np.full((2 * len(rows), 3 * rows.shape[1]), np.nan, dtype=rows.dtype)
    wide[::2, ::3] = rows[::-1]
    return wide[::2, ::3][::-1]


def unaligned(rows: np.ndarray) -> np.ndarray:
    raw = np.zeros(rows.nbytes + 1, dtype=np.uint8)
    view = raw[1:].view(rows.dtype).reshape(rows.shape)
    view[:] = rows
    return view


def read_only(rows: np.ndarray) -> np.ndarray:
    copy = rows.copy()
    copy.flags.writeable = False
    return copy


@pytest.mark.parametrize("dtype", [np.float32, np.float64, ">f4", ">f8", np.longdouble, object])
@pytest.mark.parametrize("shape", [np.asfortranarray, spread, unaligned, read_only, np.ndarray.tolist], ids=str)
def test_any_order_stride_and_real_dtype_is_read(fast: Any, wanted: np.ndarray, dtype: Any, shape: Any) -> None:
    if shape is unaligned and dtype is object:
        pytest.skip("objects are always aligned")
    np.testing.assert_array_equal(fast.predict_proba(shape(ROWS.astype(dtype))), wanted)


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int64, bool, np.float16])
def test_other_numbers_are_converted(fast: Any, dtype: Any) -> None:
    rows = (ROWS * 3).astype(dtype)
    np.testing.assert_array_equal(fast.predict_proba(rows), MODEL.predict_proba(rows.astype(np.float64)))


@pytest.mark.parametrize(
    ("rows", "error", "text"),
    [
        (ROWS[:, :5], ValueError, r"X must have (6 columns, got 5|shape \(n, 6\), got \(300, 5\))"),
        (ROWS[0], ValueError, r"X must have shape \(n, 6\), got \(6,\)"),
        (ROWS[None], ValueError, r"X must have shape \(n, 6\), got \(1, 300, 6\)"),
        (np.float32(3), ValueError, r"got \(\)"),
        (None, ValueError, r"X must have shape"),
        ("rows", ValueError, r"X must have shape"),
        ([["a"] * 6], TypeError, "X must hold real numbers, got dtype <U1"),
        ([[object()] * 6], ValueError, "objects that are none"),
        ([[1, 2, 3], [4]], ValueError, "X must be a table of numbers"),
        (ROWS.astype(complex), TypeError, "got dtype complex128"),
        (sparse.csr_matrix(ROWS), TypeError, "X must be a dense array"),
        (np.zeros((2, 6), dtype="M8[s]"), TypeError, "got dtype datetime64"),
    ],
)
def test_what_is_no_table_of_six_numbers_is_refused_in_one_line(fast: Any, rows: Any, error: Any, text: str) -> None:
    for method in (fast.predict, fast.predict_proba, fast.raw_scores):
        with pytest.raises(error, match=text) as caught:
            method(rows)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("n", [0, 1])
def test_empty_rows_give_empty_results(fast: Any, n: int) -> None:
    assert fast.predict_proba(ROWS[:n]).shape == (n, 2)
    assert fast.predict(ROWS[:n]).shape == (n,)
    assert fast.predict_proba(ROWS[:n].astype(np.float64)).shape == (n, 2)


def test_nan_is_refused_by_a_model_that_does_not_take_it() -> None:
    from dataclasses import replace  # noqa: PLC0415

    from carelabel_fastinference import read_ensemble  # noqa: PLC0415

    ensemble = replace(read_ensemble(MODEL), accepts_nan=False)
    holes = ROWS.copy()
    holes[123, 2] = np.nan
    for rows in (holes, holes[120:124], holes.astype(np.float64)):
        with pytest.raises(ValueError, match="X must not hold NaN"):
            compile_model(ensemble).predict(rows)


def test_a_model_of_float64_sees_what_float32_cannot() -> None:
    x = np.linspace(0, 1, 400).reshape(-1, 1) ** 3 * 1e-3 + 1.0
    model = HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=2).fit(x, RNG.random(400))
    np.testing.assert_array_equal(compile_model(model).predict(x), model.predict(x))
    rounded = x.astype(np.float32)
    np.testing.assert_array_equal(compile_model(model).predict(rounded), model.predict(rounded))


def test_a_tree_of_one_node_always_answers_the_same() -> None:
    model = DecisionTreeClassifier().fit(ROWS, np.zeros(300))
    fast = compile_model(model)
    np.testing.assert_array_equal(fast.predict_proba(ROWS), model.predict_proba(ROWS))
    np.testing.assert_array_equal(fast.predict(ROWS[:2]), [0.0, 0.0])


@pytest.mark.parametrize("leaves", [30, None])
def test_five_thousand_features(leaves: int | None) -> None:
    x = RNG.normal(size=(300, 5000)).astype(np.float32)
    model = RandomForestRegressor(30, max_leaf_nodes=leaves, max_features=50, random_state=0)
    model.fit(x, x[:, :7].sum(axis=1))
    for path in ("", "portable"):
        fast = compile_model(model, path=path)
        for n in (1, 40):
            np.testing.assert_array_equal(fast.predict(x[:n]), model.predict(x[:n]))


def test_a_thousand_classes() -> None:
    y = np.arange(2000) % 1000
    x = RNG.normal(size=(2000, 5)).astype(np.float32)
    for depth in (3, None):
        model = RandomForestClassifier(3, max_depth=depth, random_state=0).fit(x, y)
        fast = compile_model(model)
        for n in (1, 40):
            np.testing.assert_array_equal(fast.predict_proba(x[:n]), model.predict_proba(x[:n]))
        np.testing.assert_array_equal(fast.predict(x), model.predict(x))


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.float64, "U3", object])
def test_labels_keep_the_dtype_of_the_classes(dtype: Any) -> None:
    labels = np.where(ROWS[:, 0] > 0, "yes" if dtype is object else "1", "0").astype(dtype)
    model = DecisionTreeClassifier(max_depth=2).fit(ROWS, labels)
    got = compile_model(model).predict(ROWS)
    assert got.dtype == model.predict(ROWS).dtype
    np.testing.assert_array_equal(got, labels)


def test_what_a_model_does_not_offer_is_said_in_one_line() -> None:
    values = compile_model(RandomForestRegressor(2).fit(ROWS, ROWS[:, 0]))
    assert not hasattr(values, "predict_proba")
    with pytest.raises(AttributeError, match="predict_proba must be asked of a classifier"):
        _ = values.predict_proba
    with pytest.raises(AttributeError, match="no attribute 'fit'"):
        _ = values.fit


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"threads": 0}, "threads must be from 1 to 1024, got 0"),
        ({"path": "neon"}, "path must be one of .*portable on this processor, got neon"),
        ({"layout": "quick"}, "layout must be one of native, .*got 'quick'"),
    ],
)
def test_wrong_settings_are_refused(keywords: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        compile_model(MODEL, **keywords)


def test_a_model_that_is_none_is_refused() -> None:
    with pytest.raises(UnsupportedModelError):
        compile_model("model.pkl")
