"""LightGBM's own files: what is found out, that the answers are LightGBM's, and what is said of files that are none."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.data.rows import DataSet, Rows
from carelabel.errors import LoadError
from carelabel.plugin.interfaces import Artefact, PlatformSpec
from tests.factories import make_data

if TYPE_CHECKING:
    from pathlib import Path

lightgbm = pytest.importorskip("lightgbm")

from carelabel_lightgbm.backend import BoosterBackend  # noqa: E402 - only where the library is there
from carelabel_lightgbm.text import parse  # noqa: E402 - as above

ONE_THREAD = PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
VALUE = 3 * X[:, 0] + X[:, 1]
QUIET = {"n_estimators": 5, "verbose": -1, "n_jobs": 1}


def data_of(y: Any = Y, classes: tuple[Any, ...] = (0, 1, 2)) -> DataSet:
    facts = make_data(rows=len(X), features=X.shape[1], shape=X.shape[1:], classes=classes)
    return DataSet(rows=Rows(array=X), target=y, groups={}, facts=facts)


def saved(folder: Path, model: Any, y: Any = Y) -> Path:
    path = folder / "model.txt"
    model.fit(X, y).booster_.save_model(path)
    return path


def opened(path: Path, data: DataSet) -> Any:
    facts = BoosterBackend().inspect(path, data)
    assert facts is not None
    return facts, BoosterBackend().load(Artefact(path=path, format=facts.format, facts=facts), ONE_THREAD)


def test_the_facts_of_a_classifier(tmp_path: Path) -> None:
    facts, _ = opened(saved(tmp_path, lightgbm.LGBMClassifier(**QUIET)), data_of())
    assert (facts.framework, facts.format, facts.family) == ("lightgbm", "lightgbm-text", "gradient-boosting")
    assert (facts.task, facts.classes, facts.n_features) == ("classification", (0, 1, 2), 4)
    assert facts.counts["trees"] == 15
    assert facts.counts["nodes"] == facts.counts["leaves"] + facts.counts["thresholds"]
    assert facts.input_type.rounds_to == "float64"
    assert facts.feature_names == ()


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (lightgbm.LGBMClassifier(**QUIET), Y),
        (lightgbm.LGBMClassifier(**QUIET), np.minimum(Y, 1)),
        (lightgbm.LGBMClassifier(**QUIET), np.array(["ash", "birch", "cedar"])[Y]),
        (lightgbm.LGBMRegressor(**QUIET), VALUE),
        (lightgbm.LGBMRegressor(linear_tree=True, **QUIET), VALUE),
        (lightgbm.LGBMClassifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.6, **QUIET), Y),
    ],
    ids=["three", "two", "words", "regressor", "linear-leaves", "forest"],
)
def test_the_answers_are_those_of_the_model_that_was_saved(tmp_path: Path, model: Any, y: Any) -> None:
    classes = () if y.dtype.kind == "f" else tuple(np.unique(y).tolist())
    facts, predictor = opened(saved(tmp_path, model, y), data_of(y, classes))
    gaps = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
    x = predictor.prepare(Rows(array=gaps))
    booster = lightgbm.Booster(model_file=tmp_path / "model.txt")
    if facts.probabilities:
        expected = booster.predict(gaps)
        found = predictor.predict_proba(x)
        np.testing.assert_array_equal(found if expected.ndim == 2 else found[:, 1], expected)
        np.testing.assert_array_equal(predictor.predict(x), np.unique(y)[found.argmax(axis=1)])
    else:
        np.testing.assert_array_equal(predictor.predict(x), booster.predict(gaps))


def test_a_forest_is_called_one(tmp_path: Path) -> None:
    model = lightgbm.LGBMRegressor(boosting_type="rf", bagging_freq=1, bagging_fraction=0.6, **QUIET)
    facts, _ = opened(saved(tmp_path, model, VALUE), data_of(VALUE, ()))
    assert (facts.family, facts.task) == ("random-forest", "regression")


def test_neighbours_of_thresholds_take_other_ways(tmp_path: Path) -> None:
    model = lightgbm.LGBMRegressor(**{**QUIET, "n_estimators": 1})
    _, predictor = opened(saved(tmp_path, model, VALUE), data_of(VALUE, ()))
    placed = BoosterBackend().boundary_rows(predictor, data_of(), 60, 0)
    assert placed is not None
    leaves = predictor.native.predict(placed.rows, pred_leaf=True).ravel()
    assert (leaves[1::3] != leaves[2::3]).all()
    assert (leaves[0::3] == leaves[1::3]).all()
    assert placed.on_threshold[0::3].all()


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.7])
def test_a_file_that_is_cut_off_is_refused_before_it_ends_the_process(tmp_path: Path, share: float) -> None:
    path = saved(tmp_path, lightgbm.LGBMClassifier(**QUIET))
    content = path.read_bytes()
    whole = content.index(b"\nend of trees")
    path.write_bytes(content[: int(whole * share) + 5])
    with pytest.raises(LoadError, match=r"must hold a LightGBM model; it ends too early.*\(copy or save"):
        BoosterBackend().inspect(path, data_of())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"num_leaves=", b"num_leaves=9", "it is damaged: tree 0 has"),
        (b"leaf_value=", b"leaf_valux=", "tree 0 has 0 values of leaf_value"),
        (b"feature_infos=", b"feature_infox=", "LightGBM .* cannot read it"),
        (b"split_feature=", b"split_feature=\xff", "are no text"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, old: bytes, new: bytes, words: str) -> None:
    path = saved(tmp_path, lightgbm.LGBMClassifier(**QUIET))
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(LoadError, match=words):
        BoosterBackend().inspect(path, data_of())


@pytest.mark.parametrize(
    ("content", "words"), [(b"", r"it is empty \(0 bytes\)"), (b"tree\n", "its header has no num_class")]
)
def test_a_file_without_a_model_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "m.txt").write_bytes(content)
    with pytest.raises(LoadError, match=words):
        BoosterBackend().inspect(tmp_path / "m.txt", data_of())


def test_a_pickle_under_its_own_suffix_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.lgb").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(LoadError, match="it holds a pickle"):
        BoosterBackend().inspect(tmp_path / "m.lgb", data_of())


def test_text_of_another_kind_is_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("milk, bread\n")
    assert BoosterBackend().inspect(tmp_path / "notes.txt", data_of()) is None


def test_names_of_features_are_read(tmp_path: Path) -> None:
    lightgbm.LGBMRegressor(**QUIET).fit(X, VALUE, feature_name=["a", "b", "c", "d"]).booster_.save_model(
        tmp_path / "m.txt"
    )
    assert parse((tmp_path / "m.txt").read_text()).names == ("a", "b", "c", "d")
