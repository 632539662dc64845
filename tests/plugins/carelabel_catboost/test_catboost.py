"""CatBoost's own files: what is found out, that the answers are CatBoost's, and what is said of files that are none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.data.columns import PlainColumn
from carelabel.data.rows import DataSet, Rows
from carelabel.errors import LoadError, UnsupportedError
from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec
from tests.factories import make_data

if TYPE_CHECKING:
    from pathlib import Path

catboost = pytest.importorskip("catboost")

from carelabel_catboost.backend import ModelBackend  # noqa: E402 - only where the library is there

ONE_THREAD = PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4))
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
WORDS = np.array(["ash", "birch", "cedar"])[Y]
VALUE = 3 * X[:, 0] + X[:, 1]
QUIET = {"iterations": 5, "depth": 3, "verbose": 0, "allow_writing_files": False, "thread_count": 1}


def data_of(y: Any = Y, classes: tuple[Any, ...] = (0, 1, 2), rows: Rows | None = None) -> DataSet:
    facts = make_data(rows=len(X), features=X.shape[1], shape=X.shape[1:], classes=classes)
    return DataSet(rows=rows or Rows(array=X), target=y, groups={}, facts=facts)


def saved(folder: Path, model: Any, y: Any, x: Any = X) -> Path:
    path = folder / "model.cbm"
    model.fit(x, y).save_model(path)
    return path


def opened(path: Path, data: DataSet) -> Any:
    facts = ModelBackend().inspect(path, data)
    assert facts is not None
    return facts, ModelBackend().load(Artefact(path=path, format=facts.format, facts=facts), ONE_THREAD)


def test_the_facts_of_a_classifier(tmp_path: Path) -> None:
    facts, _ = opened(saved(tmp_path, catboost.CatBoostClassifier(**QUIET), WORDS), data_of())
    assert (facts.framework, facts.format, facts.family) == ("catboost", "catboost-cbm", "gradient-boosting")
    assert (facts.task, facts.classes, facts.n_features) == ("classification", ("ash", "birch", "cedar"), 4)
    assert facts.counts == {"trees": 5, "nodes": 75, "leaves": 40, "thresholds": 15}
    assert facts.parameters == 15 + 3 * 40


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (catboost.CatBoostClassifier(**QUIET), WORDS),
        (catboost.CatBoostClassifier(**QUIET), np.minimum(Y, 1)),
        (catboost.CatBoostRegressor(**QUIET), VALUE),
        (catboost.CatBoostRegressor(loss_function="Poisson", **QUIET), np.abs(VALUE)),
        (catboost.CatBoostRegressor(loss_function="MultiRMSE", **QUIET), np.column_stack([VALUE, -VALUE])),
    ],
    ids=["words", "two", "regressor", "poisson", "two-targets"],
)
def test_the_answers_are_those_of_the_model_that_was_saved(tmp_path: Path, model: Any, y: Any) -> None:
    facts, predictor = opened(saved(tmp_path, model, y), data_of(y, ()))
    gaps = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
    x = predictor.prepare(Rows(array=gaps))
    expected = model.predict(gaps)
    np.testing.assert_array_equal(predictor.predict(x), expected.ravel() if facts.outputs == 1 else expected)
    if facts.probabilities:
        np.testing.assert_array_equal(predictor.predict_proba(x), model.predict_proba(gaps))


def with_words() -> tuple[Any, Rows]:
    import pandas as pd  # noqa: PLC0415 - for this case alone

    frame = pd.DataFrame({"size": X[:, 0], "kind": WORDS})
    kind = np.array(WORDS, dtype=object)
    columns: Any = {"size": PlainColumn(data=X[:, 0], dtype="float64"), "kind": SimpleNamespace(series=lambda: kind)}
    rows = Rows(array=X[:, :2], names=("size", "kind"))
    rows.held, rows.container = columns, "frame"
    return frame, rows


def test_categories_come_as_a_table_and_cannot_be_exported(tmp_path: Path) -> None:
    frame, rows = with_words()
    model = catboost.CatBoostRegressor(cat_features=["kind"], **QUIET)
    path = saved(tmp_path, model, VALUE, frame)
    facts, predictor = opened(path, data_of(VALUE, (), rows))
    assert facts.input_type.container == "frame"
    assert facts.provides == ()
    np.testing.assert_array_equal(predictor.predict(predictor.prepare(rows)), model.predict(frame))
    with pytest.raises(LoadError, match="takes categories or text, so the data must be a table"):
        ModelBackend().inspect(path, data_of(VALUE, ()))
    convert = pytest.importorskip("carelabel_catboost.convert", exc_type=ImportError).convert
    context: Any = ConvertContext(
        load=lambda: predictor, test=data_of(), train=None, scratch=tmp_path, threads=1, seed=0
    )
    with pytest.raises(UnsupportedError, match="numeric features only, this one takes categories or text"):
        convert(Artefact(path=path, format=facts.format, facts=facts), tmp_path, context)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"it is empty \(0 bytes\)"),
        (b"this is no model", "it begins with b'this', not with b'CBM1'"),
        (b"CBM1" + b"\xff" * 4, "must hold a CatBoost model"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "m.cbm").write_bytes(content)
    with pytest.raises(LoadError, match=words) as caught:
        ModelBackend().inspect(tmp_path / "m.cbm", data_of())
    assert "\n" not in str(caught.value)


def test_a_file_that_is_cut_off_is_refused_in_one_line(tmp_path: Path) -> None:
    path = saved(tmp_path, catboost.CatBoostRegressor(**QUIET), VALUE)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(LoadError, match="it ends too early"):
        ModelBackend().inspect(path, data_of(VALUE, ()))


def test_rows_lie_on_borders(tmp_path: Path) -> None:
    _, predictor = opened(saved(tmp_path, catboost.CatBoostRegressor(**QUIET), VALUE), data_of(VALUE, ()))
    placed = ModelBackend().boundary_rows(predictor, data_of(), 60, 0)
    assert placed is not None
    borders = {border for found in predictor.native.get_borders().values() for border in found}
    assert all(any(value in borders for value in row.tolist()) for row in placed.rows[0::3])
    assert placed.on_threshold[0::3].all()
