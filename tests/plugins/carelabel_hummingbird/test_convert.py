"""Tensor programs answer as Hummingbird itself does, from a file that needs torch alone."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.svm import SVC, SVR

from carelabel.data.rows import DataSet, Rows
from carelabel.errors import LoadError, UnsupportedError, UsageError
from carelabel.model.facts import InputType
from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec
from carelabel_hummingbird.backend import TensorBackend
from carelabel_hummingbird.convert import convert
from tests.factories import make_data, make_model
from tests.pins import others

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, 200)
X = RNG.normal(size=(200, 4)) + Y[:, None]
ONE_THREAD = PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1)


def converted(folder: Path, estimator: Any, rows: Rows | None = None, **changes: Any) -> tuple[Artefact, Any]:
    """A fitted estimator as tensors: the artefact and its predictor."""
    fields = {"container": "array", "dtype": "float64", "shape": (4,), **changes.pop("source", {})}
    source = InputType(**fields)
    facts = make_model(input_type=source, probabilities=hasattr(estimator, "predict_proba"), **changes)
    data = DataSet(rows=rows or Rows(array=X), target=Y, groups={}, facts=make_data(rows=200))
    model: Any = SimpleNamespace(native=estimator, prepare=lambda taken: taken.array())
    context = ConvertContext(load=lambda: model, test=data, train=None, scratch=folder, threads=1, seed=0)
    artefact = convert(Artefact(path=folder / "model.pkl", format="sklearn-pickle", facts=facts), folder, context)
    return artefact, TensorBackend().load(artefact, ONE_THREAD)


@pytest.mark.parametrize("estimator", [RandomForestClassifier(5, random_state=0), LogisticRegression()])
def test_a_classifier_gives_classes_and_probabilities(tmp_path: Path, estimator: Any) -> None:
    if others() and isinstance(estimator, LogisticRegression):
        pytest.skip("what Hummingbird makes of it depends on the version of scikit-learn")
    estimator.fit(X, Y + 5)
    artefact, predictor = converted(tmp_path, estimator, classes=(5, 6))
    rows = predictor.prepare(Rows(array=X))
    assert (artefact.input_type.dtype, rows.dtype) == ("float32", np.float32)
    assert predictor.predict(rows).tolist() == estimator.predict(X.astype(np.float32)).tolist()
    np.testing.assert_allclose(predictor.predict_proba(rows), estimator.predict_proba(X), rtol=0, atol=1e-5)
    for count in (1, 7):
        assert predictor.predict_proba(rows[:count]).shape == (count, 2)


def test_a_regressor_gives_values(tmp_path: Path) -> None:
    estimator = MLPRegressor(hidden_layer_sizes=(8,), max_iter=30, tol=1.0, random_state=0).fit(X, X[:, 0])
    _, predictor = converted(tmp_path, estimator, task="regression", classes=())
    values = predictor.predict(predictor.prepare(Rows(array=X)))
    assert (values.shape, predictor.predict_proba) == ((200,), None)
    np.testing.assert_allclose(values, estimator.predict(X), rtol=0, atol=1e-5)


def test_it_can_be_written_without_data(tmp_path: Path) -> None:
    forest = RandomForestClassifier(5, random_state=0).fit(X, Y)
    _, predictor = converted(tmp_path, forest, rows=Rows(array=X[:0]), classes=(0, 1))
    assert predictor.predict(X.astype(np.float32)).tolist() == forest.predict(X.astype(np.float32)).tolist()


def test_columns_are_put_into_the_order_of_the_model(tmp_path: Path) -> None:
    forest = RandomForestClassifier(5, random_state=0).fit(X, Y)
    names = ("a", "b", "c", "d")
    _, predictor = converted(tmp_path, forest, classes=(0, 1), source={"columns": names})
    turned = Rows(array=X[:, ::-1].copy(), names=names[::-1])
    np.testing.assert_array_equal(predictor.prepare(turned), X.astype(np.float32))
    with pytest.raises(UsageError, match="missing d"):
        predictor.prepare(Rows(array=X, names=("a", "b", "c", "e")))


@pytest.mark.parametrize(
    ("estimator", "y", "said"),
    [
        (SVR(), X[:, 0], "Hummingbird must know every part of the model; it says: MissingConverter"),
        (SVC(), Y + (X[:, 1] > 1), "the traced model must take any number of rows; made with 40, it fails with 81"),
        (LogisticRegression(), np.array(["no", "yes"])[Y], "only integer labels"),
    ],
)
def test_what_cannot_be_converted_is_said_in_one_line(tmp_path: Path, estimator: Any, y: Any, said: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        converted(tmp_path, estimator.fit(X, y))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_text_columns_are_not_for_it(tmp_path: Path) -> None:
    forest = RandomForestClassifier(5, random_state=0).fit(X, Y)
    with pytest.raises(UnsupportedError, match="must take a table of numbers for this engine; it takes frame"):
        converted(tmp_path, forest, source={"container": "frame"} | {"columns": ("a", "b", "c", "d")})


def test_a_damaged_file_is_a_load_error(tmp_path: Path) -> None:
    artefact, _ = converted(tmp_path, RandomForestClassifier(5, random_state=0).fit(X, Y), classes=(0, 1))
    artefact.path.write_bytes(artefact.path.read_bytes()[:500])
    with pytest.raises(LoadError, match="must hold TorchScript; loading it raised"):
        TensorBackend().load(artefact, ONE_THREAD)


def test_running_it_needs_neither_scikit_learn_nor_hummingbird() -> None:
    code = "import sys, carelabel_hummingbird.backend; print({'sklearn', 'hummingbird'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
