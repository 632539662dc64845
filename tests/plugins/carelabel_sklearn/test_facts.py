"""What is found out about a fitted estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from carelabel.data.rows import Rows, Sparse
from carelabel.errors import LoadError, UsageError
from carelabel.plugin.vocabulary import FAMILIES
from carelabel_sklearn.backend import PickleBackend
from carelabel_sklearn.families import BY_CLASS, BY_MODULE
from tests.plugins.carelabel_sklearn.given import data_of, loaded, pickled, points

if TYPE_CHECKING:
    from pathlib import Path

X, Y = points()


def facts(folder: Path, estimator: Any, y: Any = Y) -> Any:
    return PickleBackend().inspect(pickled(folder, estimator.fit(X, y)), data_of(X, Y))


@pytest.mark.parametrize(
    ("estimator", "family", "task"),
    [
        (DecisionTreeClassifier(max_depth=2), "decision-tree", "classification"),
        (RandomForestClassifier(2), "random-forest", "classification"),
        (ExtraTreesRegressor(2), "extra-trees", "regression"),
        (GradientBoostingClassifier(n_estimators=1), "gradient-boosting", "classification"),
        (HistGradientBoostingRegressor(max_iter=1), "hist-gradient-boosting", "regression"),
        (SVC(), "svm", "classification"),
        (LinearSVC(), "linear", "classification"),
        (LogisticRegression(), "linear", "classification"),
        (GaussianNB(), "naive-bayes", "classification"),
        (KNeighborsClassifier(), "nearest-neighbours", "classification"),
        (KMeans(2, n_init=1), "k-means", "clustering"),
        (GaussianMixture(2), "gaussian-mixture", "clustering"),
        (GaussianProcessRegressor(alpha=0.1), "gaussian-process", "regression"),
        (IsolationForest(n_estimators=2), "other", "outlier-detection"),
        (make_pipeline(StandardScaler(), SVC()), "pipeline", "classification"),
        (GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2), "decision-tree", "classification"),
    ],
    ids=lambda item: type(item).__name__ if hasattr(item, "fit") else "",
)
def test_family_and_task(tmp_path: Path, estimator: Any, family: Any, task: Any) -> None:
    found = facts(tmp_path, estimator)
    assert (found.family, found.task) == (family, task)
    assert found.framework == "scikit-learn"
    assert found.n_features == 4


def test_every_family_is_one_that_records_can_name() -> None:
    assert {*BY_CLASS.values(), *BY_MODULE.values(), "other"} <= FAMILIES


@pytest.mark.parametrize(
    ("estimator", "dtype", "rounds_to"),
    [
        (RandomForestClassifier(2), "float32", "float32"),
        (GradientBoostingClassifier(n_estimators=1), "float32", "float32"),
        (HistGradientBoostingRegressor(max_iter=1), "float64", "float64"),
        (LogisticRegression(), "float64", "float64"),
        (make_pipeline(StandardScaler(), RandomForestClassifier(2)), "float64", "float64"),
        (make_pipeline(RandomForestClassifier(2)), "float64", "float32"),
    ],
    ids=["forest", "boosting", "histogram boosting", "linear", "scaled forest", "forest alone in a pipeline"],
)
def test_input_type_is_that_of_the_family(tmp_path: Path, estimator: Any, dtype: Any, rounds_to: Any) -> None:
    found = facts(tmp_path, estimator).input_type
    assert (found.dtype, found.rounds_to, found.container) == (dtype, rounds_to, "array")


def test_a_tree_is_counted_as_one_counts_by_hand(tmp_path: Path) -> None:
    """A stump: one threshold, two leaves of three class shares each."""
    found = facts(tmp_path, DecisionTreeClassifier(max_depth=1))
    assert found.counts == {"trees": 1, "nodes": 3, "leaves": 2, "thresholds": 1}
    assert found.parameters == 1 + 2 * 3


def test_boosting_has_a_tree_for_each_class_and_stage(tmp_path: Path) -> None:
    found = facts(tmp_path, GradientBoostingClassifier(n_estimators=2, max_depth=1))
    assert found.counts == {"trees": 6, "nodes": 18, "leaves": 12, "thresholds": 6}
    assert found.parameters == 6 + 12


def test_linear_models_and_networks_are_counted_by_their_arrays(tmp_path: Path) -> None:
    assert facts(tmp_path, LinearRegression()).parameters == 4 + 1
    network = MLPClassifier((5,), max_iter=400, tol=1e-2, random_state=0)
    found = facts(tmp_path, network)
    assert found.counts == {"layers": 3, "weights": 4 * 5 + 5 * 3, "biases": 5 + 3}
    assert found.parameters == 43


def test_a_pipeline_shows_its_last_step(tmp_path: Path) -> None:
    found = facts(tmp_path, make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=1)))
    assert found.estimator == "Pipeline(DecisionTreeClassifier)"
    assert found.counts == {"steps": 2, "trees": 1, "nodes": 3, "leaves": 2, "thresholds": 1}


def test_classes_and_what_is_offered(tmp_path: Path) -> None:
    words = np.array(["low", "middle", "high"])[Y]
    found = facts(tmp_path, SVC(), words)
    assert found.classes == ("high", "low", "middle")
    assert (found.probabilities, found.decision) == (False, True)
    found = facts(tmp_path, RandomForestClassifier(2), words)
    assert (found.probabilities, found.decision) == (True, False)


def test_several_outputs_are_seen(tmp_path: Path) -> None:
    found = facts(tmp_path, LinearRegression(), np.c_[Y, -Y])
    assert found.outputs == 2
    found = facts(tmp_path, RandomForestClassifier(2), np.c_[Y, 1 - Y % 2])
    assert (found.outputs, found.classes, found.probabilities) == (2, (), False)
    assert "probabilities are not measured" in found.warnings[0]


def test_numeric_columns_come_as_an_array_in_the_order_of_the_fit(tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    path = pickled(tmp_path, DecisionTreeClassifier(random_state=0).fit(frame, Y))
    turned = data_of(np.ascontiguousarray(X[:, ::-1]), Y, names=("d", "c", "b", "a"))
    found, predictor = loaded(path, turned)
    assert found.input_type.container == "array"
    assert found.feature_names == ("a", "b", "c", "d")
    np.testing.assert_array_equal(predictor.prepare(turned.rows), X.astype(np.float32))
    assert predictor.predict(predictor.prepare(turned.rows)).tolist() == Y.tolist()


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    path = pickled(tmp_path, DecisionTreeClassifier().fit(frame, Y))
    _, predictor = loaded(path, data_of(X, Y, names=("a", "b", "c", "d")))
    with pytest.raises(UsageError, match="missing 'd' among 'a', 'b', 'c', 'x'"):
        predictor.prepare(data_of(X, Y, names=("a", "b", "c", "x")).rows)


def test_sparse_rows_stay_sparse_where_the_estimator_takes_them(tmp_path: Path) -> None:
    x = np.where(X > 1, X, 0.0)
    rows, columns = np.nonzero(x)
    indptr = np.r_[0, np.cumsum(np.bincount(rows, minlength=len(x)))].astype(np.int64)
    sparse = data_of(x, Y)
    held = Rows(sparse=Sparse(data=x[rows, columns], indices=columns, indptr=indptr, width=4))
    object.__setattr__(sparse, "rows", held)
    estimator = LogisticRegression().fit(x, Y)
    found, predictor = loaded(pickled(tmp_path, estimator), sparse)
    assert found.input_type.container == "csr"
    np.testing.assert_allclose(predictor.predict_proba(predictor.prepare(held)), estimator.predict_proba(x))
    found, _ = loaded(pickled(tmp_path, HistGradientBoostingRegressor(max_iter=1).fit(x, Y)), sparse)
    assert found.input_type.container == "array"


def test_a_model_that_cannot_predict_its_own_rows_is_refused(tmp_path: Path) -> None:
    path = pickled(tmp_path, make_pipeline(StandardScaler(), SVC()).fit(X, Y))
    with pytest.raises(LoadError, match="its predict raised ValueError: Input X contains NaN"):
        PickleBackend().inspect(path, data_of(np.full_like(X, np.nan), Y))
