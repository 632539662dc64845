"""Pruning of trees and forests: what is kept, by which rule, and that the original stays as it was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from carelabel.data.rows import DataSet, Rows
from carelabel.errors import CareLabelError, UnsupportedError
from carelabel.model.facts import InputType
from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec
from carelabel_sklearn import cost_complexity, ensembles
from carelabel_sklearn.backend import JoblibBackend
from carelabel_sklearn.selection import by_contribution, by_reduced_error
from tests.factories import make_data, make_model

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 3, 300)
X = RNG.normal(size=(300, 4)) + Y[:, None]
NAMES = np.array(["x", "y", "z"])[Y]


def data_of(y: Any) -> DataSet:
    return DataSet(rows=Rows(array=X), target=y, groups={}, facts=make_data(rows=300))


def pruned(function: Any, estimator: Any, folder: Path, y: Any = NAMES, **parameters: Any) -> tuple[Artefact, Any]:
    """The artefact of a fitted estimator, and what its file holds."""
    task = "classification" if hasattr(estimator, "classes_") else "regression"
    source = InputType(container="array", dtype="float32", shape=(4,), rounds_to="float32")
    facts = make_model(
        task=task,
        probabilities=task == "classification",
        input_type=source,
        classes=tuple(getattr(estimator, "classes_", ())),
    )
    path = folder / "model.pkl"
    path.write_bytes(bytes(1_000_000))
    train = parameters.pop("train", data_of(y))
    out = folder / f"out-{len(list(folder.iterdir()))}"
    out.mkdir()
    context: Any = ConvertContext(
        load=lambda: SimpleNamespace(native=estimator), test=data_of(None), train=train, scratch=out, threads=1, seed=0
    )
    artefact = function(Artefact(path=path, format="sklearn-pickle", facts=facts), out, context, **parameters)
    predictor = JoblibBackend().load(artefact, PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1))
    return artefact, predictor.native


@pytest.mark.parametrize(
    "estimator", [DecisionTreeClassifier(random_state=0), RandomForestClassifier(8, random_state=0)]
)
def test_cost_complexity_is_that_of_the_library(tmp_path: Path, estimator: Any) -> None:
    """Pruning a fitted tree gives what fitting with the same alpha gives."""
    estimator.fit(X, NAMES)
    _, found = pruned(cost_complexity.convert, estimator, tmp_path, alpha=0.02)
    wanted = type(estimator)(**{**estimator.get_params(), "ccp_alpha": 0.02}).fit(X, NAMES)
    np.testing.assert_array_equal(found.predict_proba(X), wanted.predict_proba(X))


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (DecisionTreeRegressor(random_state=0), 1e6 * X[:, 0]),
        (RandomForestClassifier(8, random_state=0), NAMES),
        (RandomForestRegressor(8, random_state=0), 1e-6 * X[:, 0] ** 2),
    ],
)
def test_as_many_nodes_stay_as_were_asked_for(tmp_path: Path, estimator: Any, y: Any, keep: float) -> None:
    artefact, _ = pruned(cost_complexity.convert, estimator.fit(X, y), tmp_path, y, keep=keep)
    left = artefact.parameters["parameter_counts"]["nodes"]
    removed = artefact.parameters["nodes_removed"]
    assert left <= keep * (left + removed)
    assert left >= (keep - 0.08) * (left + removed)
    assert artefact.parameters["sparsity"] == pytest.approx(removed / (left + removed))


def test_a_tree_without_a_split_cannot_be_pruned(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="the trees must have branches to prune"):
        pruned(cost_complexity.convert, DecisionTreeClassifier(min_samples_leaf=300).fit(X, NAMES), tmp_path)


@pytest.mark.parametrize("function", [cost_complexity.convert, ensembles.reduced_error, ensembles.contribution])
@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_the_original_stays_as_it_was(tmp_path: Path, function: Any, kind: Any) -> None:
    forest = kind(10, random_state=0).fit(X, NAMES)
    before = forest.predict_proba(X)
    artefact, found = pruned(function, forest, tmp_path)
    np.testing.assert_array_equal(forest.predict_proba(X), before)
    assert list(found.classes_) == ["x", "y", "z"]
    assert artefact.format == "sklearn-joblib"
    assert artefact.parameters["bytes_removed"] == 1_000_000 - artefact.path.stat().st_size


@pytest.mark.parametrize("function", [ensembles.reduced_error, ensembles.contribution])
def test_the_trees_that_are_kept_are_members_in_their_order(tmp_path: Path, function: Any) -> None:
    forest = RandomForestClassifier(30, oob_score=True, random_state=0).fit(X, NAMES)
    artefact, found = pruned(function, forest, tmp_path, keep=0.1)
    places = [
        next(n for n, other in enumerate(forest.estimators_) if other.random_state == tree.random_state)
        for tree in found.estimators_
    ]
    assert (len(places), places) == (3, sorted(places))
    assert (artefact.parameters["trees_removed"], found.n_estimators) == (27, 3)
    assert not hasattr(found, "oob_score_")


def test_a_regression_keeps_the_trees_with_the_smaller_error(tmp_path: Path) -> None:
    y = X[:, 0] * 3
    forest = RandomForestRegressor(10, max_depth=3, random_state=0).fit(X, y)
    _, found = pruned(ensembles.reduced_error, forest, tmp_path, y, keep=0.1)
    errors = [((tree.predict(X.astype(np.float32)) - y) ** 2).mean() for tree in forest.estimators_]
    assert found.estimators_[0].random_state == forest.estimators_[int(np.argmin(errors))].random_state


@pytest.mark.parametrize("function", [ensembles.reduced_error, ensembles.contribution])
def test_what_ensemble_pruning_cannot_do(tmp_path: Path, function: Any) -> None:
    forest = RandomForestClassifier(4, random_state=0).fit(X, NAMES)
    with pytest.raises(CareLabelError, match="needs training rows with their target"):
        pruned(function, forest, tmp_path, train=None)
    with pytest.raises(CareLabelError, match="classes that the model knows; it holds w"):
        pruned(function, forest, tmp_path, y=np.array(["w", *NAMES[1:]]))
    with pytest.raises(UnsupportedError, match="must have trees to leave out; with keep 1 it keeps all 4"):
        pruned(function, forest, tmp_path, keep=1.0)
    many = RandomForestClassifier(4, random_state=0).fit(X, np.c_[Y, Y])
    with pytest.raises(UnsupportedError, match="must predict one output"):
        pruned(function, many, tmp_path)


def test_reduced_error_takes_the_member_that_mends_what_the_first_does_wrong() -> None:
    """Worked by hand: 0 is right on three of four rows; only 2 is sure where 0 is wrong; 1 repeats 0."""
    target = np.array([0, 0, 1, 1])
    first = [[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.6, 0.4]]
    third = [[0.4, 0.6], [0.6, 0.4], [0.4, 0.6], [0.1, 0.9]]
    answers = np.array([first, first, third], dtype=np.float32)
    assert by_reduced_error(answers, target, 2, votes=True) == [0, 2]


def test_contribution_favours_being_right_where_few_are() -> None:
    """Worked by hand: votes for (class 0, class 1) are (3, 1), (1, 3) and (3, 1), all rows of class 0.

    Right with the majority gives the second's votes, 1; right in the minority 2 x 3 - 1 = 5; wrong gives the right
    ones' votes - own votes - most votes: -5 where most are right, -3 where few are.
    """
    labels = np.array([[0, 1, 0], [0, 1, 0], [0, 1, 1], [1, 0, 0]])
    target = np.zeros(3, dtype=int)
    # 0 and 1: 1 + (1 - 3 - 3) + 1 = -3; 2: 1 - 5 + (3 - 1 - 3) = -5; 3: (3 - 1 - 3) + 5 + 1 = 5
    assert by_contribution(labels, target, 2) == [3, 0, 1, 2]
