"""Treelite's two engines: the input type that keeps a model the same, and what is said where they have nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.data.rows import DataSet, Rows
from carelabel.errors import LoadError, UnsupportedError
from carelabel.model.facts import InputType
from carelabel.parity.classes import compare
from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec, Predictions
from tests.factories import make_data, make_model

if TYPE_CHECKING:
    from pathlib import Path

treelite = pytest.importorskip("treelite")
sklearn_ensemble = pytest.importorskip("sklearn.ensemble")

from carelabel_treelite.convert import convert  # noqa: E402 - only where the library is there
from carelabel_treelite.gtil import GtilBackend  # noqa: E402 - as above
from carelabel_treelite.importing import counts_of, import_trees  # noqa: E402 - as above
from carelabel_treelite.plugin import carelabel_backends, carelabel_converters  # noqa: E402 - as above

TWO_THREADS = PlatformSpec(id="cpu-2t", tags=("cpu",), threads=2)
RNG = np.random.default_rng(3)
# Trained on every second float32 above one, so that thresholds lie on those between; asked about all numbers there.
STEP = float(np.spacing(np.float32(1.0)))
X = 1.0 + 2.0 * STEP * RNG.integers(0, 50, (600, 4))
BETWEEN = 1.0 + STEP * RNG.uniform(0, 100, (600, 4))
VALUE = RNG.normal(size=600)


def source_of(dtype: str = "float32") -> InputType:
    return InputType(container="array", dtype=dtype, shape=(4,), rounds_to=dtype)


def given(folder: Path, native: Any, **facts: Any) -> tuple[Artefact, ConvertContext]:
    data = DataSet(rows=Rows(array=X), target=None, groups={}, facts=make_data(rows=len(X)))
    fields = {"input_type": source_of(), "task": "regression", "classes": (), "probabilities": False, **facts}
    model = SimpleNamespace(native=native)
    context: Any = ConvertContext(load=lambda: model, test=data, train=None, scratch=folder, threads=1, seed=0)
    return Artefact(path=folder / "model.pkl", format="sklearn-pickle", facts=make_model(**fields)), context


@pytest.fixture(scope="module")
def forest() -> Any:
    return sklearn_ensemble.RandomForestRegressor(10, random_state=0).fit(X, VALUE)


def test_a_forest_that_gets_float64_rows_is_different_and_its_input_type_makes_it_exact(
    tmp_path: Path, forest: Any
) -> None:
    artefact, context = given(tmp_path, forest)
    made = convert(artefact, tmp_path, context)
    assert made.input_type is not None
    assert (made.input_type.dtype, made.input_type.rounds_to) == ("float32", "float32")
    predictor = GtilBackend().load(made, TWO_THREADS)
    truth = Predictions(labels=forest.predict(BETWEEN))
    right = Predictions(labels=predictor.predict(predictor.prepare(Rows(array=BETWEEN))))
    wrong = Predictions(labels=predictor.predict(BETWEEN))
    assert compare("regression", truth, right, VALUE, None, {})["class"] == "identical"
    assert compare("regression", truth, wrong, VALUE, None, {})["class"] == "different"


def test_the_tree_of_a_forest_counts_as_scikit_learn_counts(forest: Any) -> None:
    found = counts_of(import_trees(forest, make_model(task="regression", classes=())).model)
    assert found["nodes"] == sum(tree.tree_.node_count for tree in forest.estimators_)
    assert found["leaves"] == sum(tree.tree_.n_leaves for tree in forest.estimators_)
    assert found["parameters"] == found["thresholds"] + found["leaves"]


def test_histogram_boosting_keeps_float64(tmp_path: Path) -> None:
    model = sklearn_ensemble.HistGradientBoostingRegressor(max_iter=3).fit(X, VALUE)
    artefact, context = given(tmp_path, model, family="hist-gradient-boosting", input_type=source_of("float64"))
    made = convert(artefact, tmp_path, context)
    assert made.input_type is not None
    assert made.input_type.rounds_to == "float64"


@pytest.mark.parametrize(
    ("native", "facts", "words"),
    [
        (sklearn_ensemble.RandomForestClassifier(2), {"classes": ("only",)}, "this model knows one"),
        (SimpleNamespace(), {}, "Treelite reads models of sklearn, xgboost, lightgbm, this is types"),
        (sklearn_ensemble.AdaBoostRegressor(), {}, "Treelite must know every part of the model; it says: "),
    ],
    ids=["one-class", "foreign", "unknown"],
)
def test_what_treelite_has_nothing_for_is_refused_in_one_line(native: Any, facts: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        import_trees(native, make_model(**facts))


def test_several_outputs_with_classes_of_their_own_are_refused() -> None:
    many = sklearn_ensemble.RandomForestClassifier(2).fit(X, RNG.integers(0, 2, (600, 2)))
    with pytest.raises(UnsupportedError, match="several with classes of their own"):
        import_trees(many, make_model(classes=()))


def test_a_checkpoint_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.treelite"
    path.write_bytes(b"this is no model")
    artefact = Artefact(path=path, format="treelite", facts=make_model())
    with pytest.raises(LoadError, match="must hold a Treelite checkpoint"):
        GtilBackend().load(artefact, TWO_THREADS)


def test_no_file_of_a_user_is_theirs(tmp_path: Path) -> None:
    assert (
        GtilBackend().inspect(tmp_path / "x", DataSet(rows=Rows(array=X), target=None, groups={}, facts=make_data()))
        is None
    )
    assert all(record.suffixes == () == record.magic for record in carelabel_backends())


def test_compiling_says_what_it_needs() -> None:
    (compiling,) = [record for record in carelabel_converters() if record.target == "tl2cgen"]
    assert compiling.needs == {"compiler"}
    assert compiling.cost == "expensive"
    assert compiling.timeout_s < 3600


def test_seconds_of_the_compiler_are_told_apart(tmp_path: Path) -> None:
    compiling = pytest.importorskip("carelabel_treelite.compiling", exc_type=ImportError)
    compiled = pytest.importorskip("carelabel_treelite.compiled", exc_type=ImportError)
    small = sklearn_ensemble.RandomForestRegressor(2, max_depth=2, random_state=0).fit(X, VALUE)
    artefact, context = given(tmp_path, small)
    out = tmp_path / "out"
    out.mkdir()
    made = compiling.convert(artefact, out, context)
    assert made.compile_s > 0
    assert [path.name for path in out.iterdir()] == ["model.so"]
    assert made.input_type.dtype == "float64"
    predictor = compiled.CompiledBackend().load(made, TWO_THREADS)
    rows = predictor.prepare(Rows(array=X))
    np.testing.assert_array_equal(rows, X.astype(np.float32))  # rounded as scikit-learn rounds, then widened
    np.testing.assert_array_equal(predictor.predict(rows), small.predict(X))


def test_without_a_compiler_that_is_the_reason(tmp_path: Path, forest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compiling = pytest.importorskip("carelabel_treelite.compiling", exc_type=ImportError)
    monkeypatch.setenv("PATH", str(tmp_path))
    artefact, context = given(tmp_path, forest)
    with pytest.raises(UnsupportedError, match="needs one of the C compilers gcc, clang, none is on the path"):
        compiling.convert(artefact, tmp_path, context)
