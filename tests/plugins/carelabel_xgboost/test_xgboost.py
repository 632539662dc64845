"""XGBoost's own files: what is found out, that the answers are XGBoost's, and what is said of files that are none."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.data.rows import DataSet, Rows
from carelabel.errors import LoadError, UsageError
from carelabel.plugin.interfaces import Artefact, PlatformSpec
from tests.factories import make_data

if TYPE_CHECKING:
    from pathlib import Path

xgboost = pytest.importorskip("xgboost")

from carelabel_xgboost.backend import BoosterBackend  # noqa: E402 - only where the library is there
from carelabel_xgboost.convert import booster_of  # noqa: E402 - as above
from carelabel_xgboost.plugin import carelabel_backends, carelabel_converters  # noqa: E402 - as above

TWO_THREADS = PlatformSpec(id="cpu-2t", tags=("cpu",), threads=2)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
VALUE = 3 * X[:, 0] + X[:, 1]


def data_of(x: np.ndarray = X, y: Any = Y, classes: tuple[Any, ...] = (0, 1, 2), names: Any = ()) -> DataSet:
    facts = make_data(rows=len(x), features=x.shape[1], shape=x.shape[1:], classes=classes)
    return DataSet(rows=Rows(array=x, names=names), target=y, groups={}, facts=facts)


def saved(folder: Path, model: Any, y: Any = Y, suffix: str = ".json", **settings: Any) -> Path:
    path = folder / f"model{suffix}"
    model.set_params(n_jobs=1).fit(X, y, verbose=False, **settings).save_model(path)
    return path


def opened(path: Path, data: DataSet) -> Any:
    facts = BoosterBackend().inspect(path, data)
    assert facts is not None
    return facts, BoosterBackend().load(Artefact(path=path, format=facts.format, facts=facts), TWO_THREADS)


@pytest.mark.parametrize(("suffix", "word"), [(".json", "xgboost-json"), (".ubj", "xgboost-ubj")])
def test_the_facts_of_a_classifier(tmp_path: Path, suffix: str, word: str) -> None:
    facts, _ = opened(saved(tmp_path, xgboost.XGBClassifier(n_estimators=3), suffix=suffix), data_of())
    assert (facts.framework, facts.format, facts.family, facts.task) == (
        *("xgboost", word),
        *("gradient-boosting", "classification"),
    )
    assert (facts.classes, facts.n_features, facts.probabilities) == ((0, 1, 2), 4, True)
    assert facts.counts["trees"] == 9
    assert facts.counts["nodes"] == facts.counts["leaves"] + facts.counts["thresholds"]
    assert facts.input_type.dtype == facts.input_type.rounds_to == "float32"
    assert facts.provides == ("boundaries",)


def test_a_forest_is_called_one(tmp_path: Path) -> None:
    facts, _ = opened(saved(tmp_path, xgboost.XGBRFRegressor(n_estimators=5), VALUE), data_of(y=VALUE, classes=()))
    assert (facts.family, facts.task, facts.counts["trees"]) == ("random-forest", "regression", 5)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (xgboost.XGBClassifier(n_estimators=5), Y),
        (xgboost.XGBClassifier(n_estimators=5), np.minimum(Y, 1)),
        (xgboost.XGBClassifier(n_estimators=5, booster="gblinear"), Y),
        (xgboost.XGBClassifier(n_estimators=5, booster="dart", rate_drop=0.4), Y),
        (xgboost.XGBRegressor(n_estimators=5), VALUE),
        (xgboost.XGBRegressor(n_estimators=5), np.column_stack([VALUE, -VALUE])),
        (xgboost.XGBClassifier(n_estimators=5, objective="binary:hinge"), np.minimum(Y, 1)),
    ],
    ids=["three", "two", "linear", "dart", "regressor", "two-targets", "hinge"],
)
def test_the_answers_are_those_of_the_model_that_was_saved(tmp_path: Path, model: Any, y: Any) -> None:
    classes = tuple(np.unique(y).tolist()) if y.dtype.kind == "i" else ()
    facts, predictor = opened(saved(tmp_path, model, y), data_of(y=y, classes=classes))
    gaps = np.where(RNG.random(X.shape) < 0.1, np.nan, X) if model.booster != "gblinear" else X
    x = predictor.prepare(Rows(array=gaps))
    np.testing.assert_array_equal(predictor.predict(x), model.predict(gaps))
    if facts.probabilities:
        np.testing.assert_array_equal(predictor.predict_proba(x), model.predict_proba(gaps))


def test_a_model_that_stopped_early_predicts_up_to_its_best_round(tmp_path: Path) -> None:
    noise = RNG.normal(scale=4.0, size=len(X))
    model = xgboost.XGBRegressor(n_estimators=80, early_stopping_rounds=5)
    path = saved(tmp_path, model, VALUE, eval_set=[(X, VALUE + noise)])
    facts, predictor = opened(path, data_of(y=VALUE, classes=()))
    assert facts.counts["trees"] == model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    np.testing.assert_array_equal(predictor.predict(predictor.prepare(Rows(array=X))), model.predict(X))
    assert booster_of(model).num_boosted_rounds() == model.best_iteration + 1


def test_a_booster_predicts_with_all_its_rounds_and_the_label_says_which_was_best(tmp_path: Path) -> None:
    matrix = xgboost.DMatrix(X, VALUE + RNG.normal(scale=4.0, size=len(X)))
    check = xgboost.DMatrix(X, VALUE)
    booster = xgboost.train(
        {"nthread": 1}, matrix, 60, evals=[(check, "check")], early_stopping_rounds=5, verbose_eval=False
    )
    booster.save_model(tmp_path / "model.ubj")
    facts, predictor = opened(tmp_path / "model.ubj", data_of(y=VALUE, classes=()))
    assert facts.counts["trees"] == booster.num_boosted_rounds()
    assert f"best after {booster.best_iteration + 1} of" in facts.warnings[0]
    np.testing.assert_array_equal(predictor.predict(predictor.prepare(Rows(array=X))), booster.predict(check))


def test_columns_are_found_by_their_names(tmp_path: Path) -> None:
    matrix = xgboost.DMatrix(X, VALUE, feature_names=["a", "b", "c", "d"])
    booster = xgboost.train({"nthread": 1}, matrix, 5)
    booster.save_model(tmp_path / "model.json")
    turned = data_of(X[:, ::-1], VALUE, (), ("d", "c", "b", "a"))
    facts, predictor = opened(tmp_path / "model.json", turned)
    assert facts.feature_names == ("a", "b", "c", "d")
    np.testing.assert_array_equal(predictor.predict(predictor.prepare(turned.rows)), booster.predict(matrix))
    placed = BoosterBackend().boundary_rows(predictor, turned, 30, 0)
    assert placed is not None
    base = turned.rows.array("float32")
    moved = np.array([min((row != other).sum() for other in base) for row in placed.rows])
    assert (moved <= 1).all()  # in the order of the data, but for the one feature on a threshold
    with pytest.raises(UsageError, match="missing 'a'"):
        predictor.prepare(Rows(array=X, names=("z", "b", "c", "d")))


def test_codes_stand_for_the_words_of_the_data(tmp_path: Path) -> None:
    words = np.array(["ash", "birch", "cedar"])
    path = saved(tmp_path, xgboost.XGBClassifier(n_estimators=3))
    facts, predictor = opened(path, data_of(y=words[Y], classes=("ash", "birch", "cedar")))
    assert facts.classes == ("ash", "birch", "cedar")
    assert "numbers its classes 0 to 2" in facts.warnings[0]
    assert set(predictor.predict(predictor.prepare(Rows(array=X)))) <= set(words)


def test_neighbours_of_thresholds_take_other_ways(tmp_path: Path) -> None:
    path = saved(tmp_path, xgboost.XGBRegressor(n_estimators=1, max_depth=3), VALUE)
    _, predictor = opened(path, data_of(y=VALUE, classes=()))
    placed = BoosterBackend().boundary_rows(predictor, data_of(), 60, 0)
    assert placed is not None
    values = predictor.predict(placed.rows)
    assert (values[1::3] != values[2::3]).all()
    np.testing.assert_array_equal(values[0::3], values[2::3])  # rows go left below a threshold, not on it
    assert placed.on_threshold[0::3].all()


GOOD = json.dumps({"learner": {}}).encode()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.json", b"", r"must hold an XGBoost model; it is empty \(0 bytes\)"),
        ("m.ubj", b"", r"it is empty \(0 bytes\)"),
        ("m.json", b"this is no model\n" * 8, "it begins with 'this is no model"),
        ("m.json", pickle.dumps({"a": 1}), "it holds a pickle"),
        ("m.ubj", b"PK\x03\x04" + b"0" * 60, "it holds a zip archive"),
        ("m.json", GOOD, "cannot read it"),
        ("m.json", b'{"learner": {"attributes"', "ends too early or is damaged"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LoadError, match=words) as caught:
        BoosterBackend().inspect(path, data_of())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".json", ".ubj"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_refused_in_one_line(tmp_path: Path, suffix: str, share: float) -> None:
    path = saved(tmp_path, xgboost.XGBClassifier(n_estimators=3), suffix=suffix)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(LoadError, match=r"must hold an XGBoost model; .*(copy|save)") as caught:
        BoosterBackend().inspect(path, data_of())
    assert "Stack trace" not in str(caught.value)


def test_json_of_another_kind_is_left_to_others(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_text('{"hello": [1, 2]}')
    assert BoosterBackend().inspect(path, data_of()) is None


def test_the_records_need_no_library() -> None:
    (backend,) = carelabel_backends()
    (converter,) = carelabel_converters()
    assert backend.formats <= converter.source
    assert not backend.executes_code
