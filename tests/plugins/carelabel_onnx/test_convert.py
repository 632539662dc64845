"""scikit-learn to ONNX: the result is the same model, in the element type that keeps it so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from carelabel.data.columns import PlainColumn, TextColumn
from carelabel.data.rows import DataSet, Rows
from carelabel.errors import CareLabelError
from carelabel.model.facts import InputType
from tests.factories import make_data
from tests.plugins.carelabel_onnx.given import array, converted, data_of, points

if TYPE_CHECKING:
    from pathlib import Path

X, Y = points()
DATA = data_of(X, Y, (0, 1, 2))
WORDS = np.array(["low", "middle", "high"])[Y]

TREES = array("float32")
OTHERS = array("float64")


@pytest.mark.parametrize(
    ("estimator", "source", "precision"),
    [
        (DecisionTreeClassifier(), TREES, "float32"),
        (RandomForestClassifier(5), TREES, "float32"),
        (GradientBoostingClassifier(n_estimators=5), TREES, "float32"),
        (HistGradientBoostingClassifier(max_iter=5), OTHERS, "float32"),
        (SVC(), OTHERS, "float32"),
        (LinearSVC(), OTHERS, "float32"),
        (RidgeClassifier(), OTHERS, "float32"),
        (MLPClassifier((8,), max_iter=400, tol=1e-2), OTHERS, "float32"),
        (LogisticRegression(), OTHERS, "float64"),
        (GaussianNB(), OTHERS, "float64"),
        (make_pipeline(StandardScaler(), SVC()), OTHERS, "float64"),
        (make_pipeline(StandardScaler(), LinearSVC()), OTHERS, "float64"),
        (make_pipeline(StandardScaler(), GradientBoostingClassifier(n_estimators=5)), OTHERS, "float64"),
        (make_pipeline(SimpleImputer(), StandardScaler(), RandomForestClassifier(5)), OTHERS, "float64"),
    ],
    ids=lambda item: type(item).__name__ if hasattr(item, "fit") else "",
)
def test_a_classifier_stays_the_same(tmp_path: Path, estimator: Any, source: Any, precision: Any) -> None:
    estimator.fit(X, WORDS)
    artefact, predictor = converted(tmp_path, estimator, DATA, source)
    assert artefact.parameters["precision"] == precision
    assert predictor.input_type.dtype == precision
    rows = predictor.prepare(DATA.rows)
    labels = predictor.predict(rows)
    assert labels.dtype.kind == "U"
    assert (labels != estimator.predict(X)).sum() == 0
    if predictor.predict_proba:
        np.testing.assert_allclose(predictor.predict_proba(rows), estimator.predict_proba(X), rtol=0, atol=2e-6)
    elif predictor.decision_function:
        scores = estimator.decision_function(X)
        np.testing.assert_allclose(predictor.decision_function(rows), scores, rtol=0, atol=1e-5)
    assert (predictor.predict_proba is None) == (not hasattr(estimator, "predict_proba"))


@pytest.mark.parametrize("estimator", [SVC(), LinearSVC(), RidgeClassifier(), make_pipeline(StandardScaler(), SVC())])
def test_two_classes_have_one_decision_with_the_sign_of_the_original(tmp_path: Path, estimator: Any) -> None:
    x, y = points(classes=2)
    data = data_of(x, y, (0, 1))
    _, predictor = converted(tmp_path, estimator.fit(x, y), data, OTHERS)
    decision = predictor.decision_function(predictor.prepare(data.rows))
    assert decision.shape == (len(x),)
    np.testing.assert_allclose(decision, estimator.decision_function(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("estimator", "source"),
    [
        (RandomForestRegressor(5), TREES),
        (GradientBoostingRegressor(n_estimators=5), TREES),
        (HistGradientBoostingRegressor(max_iter=5), OTHERS),
        (SVR(), OTHERS),
        (Ridge(), OTHERS),
        (make_pipeline(StandardScaler(), SVR()), OTHERS),
        (make_pipeline(StandardScaler(), RandomForestRegressor(5)), OTHERS),
    ],
    ids=lambda item: type(item).__name__ if hasattr(item, "fit") else "",
)
def test_a_regressor_stays_the_same(tmp_path: Path, estimator: Any, source: Any) -> None:
    truth = X @ np.array([1.0, -2.0, 0.5, 3.0])
    data = data_of(X, truth)
    _, predictor = converted(tmp_path, estimator.fit(X, truth), data, source, task="regression", classes=())
    values = predictor.predict(predictor.prepare(data.rows))
    assert values.shape == (len(X),)
    np.testing.assert_allclose(values, estimator.predict(X), rtol=0, atol=1e-5 * np.std(truth))


def test_several_outputs_stay_several(tmp_path: Path) -> None:
    truth = X @ np.arange(8.0).reshape(4, 2)
    estimator = Ridge().fit(X, truth)
    _, predictor = converted(tmp_path, estimator, DATA, OTHERS, task="regression", classes=(), outputs=2)
    np.testing.assert_allclose(predictor.predict(predictor.prepare(DATA.rows)), estimator.predict(X), rtol=1e-12)


def test_a_clusterer_stays_the_same(tmp_path: Path) -> None:
    estimator = KMeans(3, n_init=1, random_state=0).fit(X)
    _, predictor = converted(tmp_path, estimator, DATA, OTHERS, task="clustering", classes=())
    assert (predictor.predict(predictor.prepare(DATA.rows)) == estimator.predict(X)).all()


def test_a_forest_behind_a_scaler_needs_float64_and_a_cast(tmp_path: Path) -> None:
    """Scaling in float32 moves values over thresholds: the mistake that `precision=float32` shows."""
    rng = np.random.default_rng(0)
    x = rng.normal(1e6, 1.0, size=(500, 1))
    y = (np.sin(5 * x[:, 0]) > 0).astype(int)
    data = data_of(x, y, (0, 1))
    estimator = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(x, y)
    truth = estimator.predict_proba(x)
    _, right = converted(tmp_path, estimator, data, array("float64", 1))
    np.testing.assert_allclose(right.predict_proba(right.prepare(data.rows)), truth, rtol=0, atol=1e-6)
    (tmp_path / "wrong").mkdir()
    _, wrong = converted(tmp_path / "wrong", estimator, data, array("float64", 1), parameters={"precision": "float32"})
    assert np.abs(wrong.predict_proba(wrong.prepare(data.rows)) - truth).max() > 0.01


def test_an_imputer_in_float64_fills_what_is_missing(tmp_path: Path) -> None:
    x = X.copy()
    x[::7, 1] = np.nan
    data = data_of(x, Y, (0, 1, 2))
    estimator = make_pipeline(SimpleImputer(strategy="median"), LogisticRegression()).fit(x, Y)
    artefact, predictor = converted(tmp_path, estimator, data, OTHERS)
    assert artefact.parameters["precision"] == "float64"
    rows = predictor.prepare(data.rows)
    np.testing.assert_allclose(predictor.predict_proba(rows), estimator.predict_proba(x), rtol=0, atol=1e-12)


def test_an_imputer_that_does_more_falls_back_to_float32(tmp_path: Path) -> None:
    x = np.round(X, 1)
    x[0, 0] = -1.0
    estimator = make_pipeline(SimpleImputer(missing_values=-1.0), LogisticRegression()).fit(x, Y)
    artefact, _ = converted(tmp_path, estimator, data_of(x, Y, (0, 1, 2)), OTHERS)
    assert artefact.parameters["precision"] == "float32"


def test_learned_numbers_are_counted(tmp_path: Path) -> None:
    """A stump: one threshold and two leaves with a weight a class."""
    artefact, _ = converted(tmp_path, DecisionTreeClassifier(max_depth=1).fit(X, Y), DATA, TREES)
    counts = {"parameters": 7, "trees": 1, "nodes": 3, "leaves": 2, "thresholds": 1}
    assert artefact.parameters["parameter_counts"] == counts


def test_rows_on_thresholds_stay_where_they_were(tmp_path: Path) -> None:
    boundaries = pytest.importorskip("carelabel_sklearn.boundaries")
    for number, estimator in enumerate(
        [
            RandomForestClassifier(10),
            GradientBoostingRegressor(n_estimators=10),
            HistGradientBoostingClassifier(max_iter=5),
        ]
    ):
        source = OTHERS if number == 2 else TREES
        placed = boundaries.place_boundary_rows(estimator.fit(X, Y), source, DATA, 600, 1)
        rows = data_of(placed.rows, None)
        folder = tmp_path / str(number)
        folder.mkdir()
        task = "regression" if number == 1 else "classification"
        _, predictor = converted(folder, estimator, rows, source, task=task, outputs=1)
        found, wanted = predictor.predict(predictor.prepare(rows.rows)), estimator.predict(placed.rows)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6)


def test_what_skl2onnx_does_not_know_is_said_in_one_line(tmp_path: Path) -> None:
    class Oracle(ClassifierMixin, BaseEstimator):
        classes_ = np.array([0, 1, 2])

        def predict(self, x: Any) -> Any:
            return np.zeros(len(x))

    with pytest.raises(CareLabelError) as caught:
        converted(tmp_path, Oracle(), DATA, OTHERS)
    line = str(caught.value)
    assert line.startswith("skl2onnx must know every part of the model; it says: MissingShapeCalculator")
    assert "\n" not in line


def test_a_frame_becomes_an_input_a_column(tmp_path: Path) -> None:
    city = np.array(["Rome", "Oslo", "Lima"])[Y]
    frame = pd.DataFrame({"size": X[:, 0] * 1e5, "city": city, "rooms": Y + 1})
    encode = ColumnTransformer([("words", OneHotEncoder(), ["city"]), ("numbers", StandardScaler(), ["size", "rooms"])])
    estimator = make_pipeline(encode, RandomForestClassifier(5, random_state=0)).fit(frame, WORDS)
    columns = {
        "size": PlainColumn(data=frame["size"].to_numpy(), dtype="float64"),
        "city": TextColumn.of(city.tolist(), "str"),
        "rooms": PlainColumn(data=frame["rooms"].to_numpy(), dtype="int64"),
    }
    facts = make_data(rows=len(frame), container="frame", columns=tuple(columns))
    data = DataSet(rows=Rows(columns=columns), target=WORDS, groups={}, facts=facts)
    source = InputType(container="frame", dtype="", shape=(3,), columns=tuple(columns), rounds_to="float64")
    _, predictor = converted(tmp_path, estimator, data, source)
    assert predictor.input_type.container == "columns"
    rows = predictor.prepare(data.rows)
    assert {name: values.shape for name, values in rows.items()} == dict.fromkeys(columns, (len(frame), 1))
    assert (predictor.predict(rows) == estimator.predict(frame)).all()
    np.testing.assert_allclose(predictor.predict_proba(rows), estimator.predict_proba(frame), rtol=0, atol=1e-6)
