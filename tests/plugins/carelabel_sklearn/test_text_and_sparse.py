"""Estimators that take a sequence of texts, and rows of a sparse matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.svm import SVC

from carelabel.data.columns import PlainColumn, TextColumn
from carelabel.data.rows import DataSet, Rows, Sparse
from carelabel.errors import UsageError
from carelabel_sklearn.backend import PickleBackend
from tests.factories import make_data
from tests.plugins.carelabel_sklearn.given import loaded, pickled

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["free cash now", "see you at home", "win free cash", "home for dinner", "cash prize now", "dinner at home"]
LABELS = ["spam", "ham"] * 3


def text_data(values: Any = TEXTS, **more: Any) -> DataSet:
    columns = {"message": TextColumn.of(values, "str"), **more}
    facts = make_data(rows=len(values), features=len(columns), shape=(len(columns),), container="frame")
    return DataSet(rows=Rows(columns=columns), target=np.array(LABELS), groups={}, facts=facts)


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(TfidfVectorizer(), LogisticRegression()),
        make_pipeline(HashingVectorizer(n_features=32), LogisticRegression()),
        make_pipeline(make_union(CountVectorizer(), TfidfVectorizer(analyzer="char")), MultinomialNB()),
        make_pipeline("passthrough", make_pipeline(CountVectorizer()), MultinomialNB()),
        GridSearchCV(make_pipeline(CountVectorizer(), MultinomialNB()), {"multinomialnb__alpha": [1.0]}, cv=2),
    ],
    ids=["tfidf", "hashing", "union", "nested", "search"],
)
def test_a_text_vectoriser_gets_the_one_column_of_texts(tmp_path: Path, estimator: Any) -> None:
    estimator.fit(TEXTS, LABELS)
    facts, predictor = loaded(pickled(tmp_path, estimator), text_data())
    assert (facts.input_type.container, facts.input_type.columns) == ("text", ("message",))
    assert facts.n_features is None
    x = predictor.prepare(text_data().rows[1:3])
    assert x.tolist() == TEXTS[1:3]
    np.testing.assert_array_equal(predictor.predict_proba(x), estimator.predict_proba(TEXTS[1:3]))


def test_an_array_of_text_has_no_name(tmp_path: Path) -> None:
    estimator = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, LABELS)
    facts = make_data(rows=6, features=1, shape=(1,))
    data = DataSet(rows=Rows(array=np.array(TEXTS)[:, None]), target=np.array(LABELS), groups={}, facts=facts)
    found, predictor = loaded(pickled(tmp_path, estimator), data)
    assert found.input_type.columns == ("",)
    assert predictor.prepare(data.rows).tolist() == TEXTS


def test_missing_text_is_the_empty_text(tmp_path: Path) -> None:
    estimator = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, LABELS)
    _, predictor = loaded(pickled(tmp_path, estimator), text_data())
    assert predictor.prepare(text_data([None, "a"]).rows).tolist() == ["", "a"]


def test_several_columns_and_numbers_are_refused(tmp_path: Path) -> None:
    path = pickled(tmp_path, make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, LABELS))
    other = PlainColumn(data=np.arange(6), dtype="int64")
    with pytest.raises(UsageError, match=r"takes one column of text, .* found 'message', 'length' \(choose it with"):
        PickleBackend().inspect(path, text_data(length=other))
    numbers = make_data(rows=6, features=1, shape=(1,))
    rows = Rows(columns={"length": other})
    _, predictor = loaded(path, text_data())
    with pytest.raises(UsageError, match="the model takes text, but the data's column 'message' holds int64"):
        predictor.prepare(rows)
    assert PickleBackend().inspect(path, DataSet(rows=rows, target=None, groups={}, facts=numbers)) is not None


def sparse_data(matrix: Any) -> DataSet:
    """As a libsvm reader leaves it, with 64-bit offsets."""
    sparse = Sparse(
        data=matrix.data,
        indices=matrix.indices.astype(np.int64),
        indptr=matrix.indptr.astype(np.int64),
        width=matrix.shape[1],
    )
    facts = make_data(rows=matrix.shape[0], features=matrix.shape[1], shape=(matrix.shape[1],), container="csr")
    return DataSet(rows=Rows(sparse=sparse), target=None, groups={}, facts=facts)


MATRIX = csr_matrix((np.random.default_rng(0).random((40, 12)) < 0.3).astype(float))
TRUTH = (MATRIX.toarray()[:, :6].sum(axis=1) > 1).astype(int)


@pytest.mark.parametrize(
    ("estimator", "on_sparse", "container"),
    [
        (LogisticRegression(), True, "csr"),
        (LogisticRegression(), False, "csr"),
        (SVC(), True, "csr"),
        (SVC(), False, "array"),
        (make_pipeline(MaxAbsScaler(), SVC()), True, "csr"),
        (make_pipeline(StandardScaler(), LogisticRegression()), False, "array"),
        (HistGradientBoostingClassifier(max_iter=2), False, "array"),
    ],
)
def test_sparse_rows_stay_sparse_where_the_estimator_takes_them(
    tmp_path: Path, estimator: Any, on_sparse: bool, container: str
) -> None:
    estimator.fit(MATRIX if on_sparse else MATRIX.toarray(), TRUTH)
    facts, predictor = loaded(pickled(tmp_path, estimator), sparse_data(MATRIX))
    assert facts.input_type.container == container
    x = predictor.prepare(sparse_data(MATRIX).rows)
    given = MATRIX if container == "csr" else MATRIX.toarray()
    assert predictor.predict(x).tolist() == estimator.predict(given).tolist()
