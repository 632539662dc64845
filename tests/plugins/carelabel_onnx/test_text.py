"""Text vectorisers and sparse rows as graphs: the same words, the same counts, or a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from carelabel.data.columns import TextColumn
from carelabel.data.rows import DataSet, Rows, Sparse
from carelabel.errors import UnsupportedError
from carelabel.model.facts import InputType
from tests.factories import make_data
from tests.plugins.carelabel_onnx.given import converted

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ["free", "cash", "I", "été", "Über", "a", "5", "x_y", "don't", "£5", "now!", "HOME", "ok", "day2"]
RNG = np.random.default_rng(0)
TEXTS = [" ".join(RNG.choice(WORDS, 6)) for _ in range(80)]
LABELS = np.array([text.count("free") > text.count("HOME") for text in TEXTS]).astype(int)
SOURCE = InputType(container="text", dtype="object", shape=(), columns=("message",))


def text_data(texts: list[str] = TEXTS) -> DataSet:
    facts = make_data(rows=len(texts), features=1, shape=(1,), classes=(0, 1), container="frame")
    return DataSet(rows=Rows(columns={"message": TextColumn.of(texts, "str")}), target=LABELS, groups={}, facts=facts)


def graph(folder: Path, estimator: Any) -> tuple[Any, Any]:
    return converted(folder, estimator.fit(TEXTS, LABELS), text_data(), SOURCE, n_features=None)


@pytest.mark.parametrize(
    "vectoriser",
    [
        TfidfVectorizer(),
        TfidfVectorizer(ngram_range=(1, 2)),
        TfidfVectorizer(lowercase=False),
        CountVectorizer(ngram_range=(2, 2)),
        TfidfVectorizer(stop_words="english"),
    ],
    ids=["words", "pairs", "capitals", "pairs alone", "stop words"],
)
def test_words_are_cut_and_paired_as_the_model_does(tmp_path: Path, vectoriser: Any) -> None:
    """Among the texts are words of one letter, letters beyond ASCII, apostrophes and the empty text."""
    estimator = make_pipeline(vectoriser, LogisticRegression())
    artefact, predictor = graph(tmp_path, estimator)
    assert (artefact.input_type.container, artefact.input_type.columns) == ("columns", ("message",))
    texts = [*TEXTS, "", "a", "unheard of"]
    x = predictor.prepare(text_data(texts).rows)
    np.testing.assert_allclose(predictor.predict_proba(x), estimator.predict_proba(texts), atol=1e-5)
    assert predictor.predict(x).tolist() == estimator.predict(texts).tolist()


@pytest.mark.parametrize(
    ("vectoriser", "text"),
    [
        (TfidfVectorizer(sublinear_tf=True), "takes the logarithm of counts"),
        (make_pipeline(CountVectorizer(), TfidfTransformer(sublinear_tf=True)), "takes the logarithm of counts"),
        (CountVectorizer(tokenizer=str.split, token_pattern=None), "has functions of its own for cutting text"),
        (TfidfVectorizer(stop_words="english", ngram_range=(1, 2)), "drops stop words before it pairs words"),
        (HashingVectorizer(n_features=16), "hashes words"),
    ],
)
def test_what_a_graph_would_leave_out_is_refused(tmp_path: Path, vectoriser: Any, text: str) -> None:
    with pytest.raises(UnsupportedError, match=f"must cut and count text as the model does, but this .* {text}"):
        graph(tmp_path, make_pipeline(vectoriser, LogisticRegression()))


def sparse_data(matrix: Any) -> DataSet:
    held = Sparse(data=matrix.data, indices=matrix.indices, indptr=matrix.indptr, width=matrix.shape[1])
    facts = make_data(rows=matrix.shape[0], features=matrix.shape[1], shape=(matrix.shape[1],), container="csr")
    return DataSet(rows=Rows(sparse=held), target=None, groups={}, facts=facts)


@pytest.mark.parametrize("estimator", [LogisticRegression(), SVC()], ids=["linear", "svc"])
def test_sparse_rows_are_given_dense_and_the_label_says_so(tmp_path: Path, estimator: Any) -> None:
    x = csr_matrix((RNG.random((60, 10)) < 0.3).astype(float))
    y = (x.toarray()[:, :5].sum(axis=1) > 1).astype(int)
    source = InputType(container="csr", dtype="float64", shape=(10,), rounds_to="float64")
    artefact, predictor = converted(tmp_path, estimator.fit(x, y), sparse_data(x), source)
    assert artefact.parameters["note"] == "rows are given dense: a graph takes no sparse ones"
    assert predictor.predict(predictor.prepare(sparse_data(x).rows)).tolist() == estimator.predict(x).tolist()


def test_sparse_rows_too_wide_to_be_dense_are_refused(tmp_path: Path) -> None:
    wide = csr_matrix((np.ones(2), ([0, 1], [3, 199_999])), shape=(2, 200_000))
    source = InputType(container="csr", dtype="float64", shape=(200_000,), rounds_to="float64")
    with pytest.raises(UnsupportedError, match="must need at most 1073741824 bytes; 200000 features need 1638400000"):
        converted(tmp_path, LogisticRegression().fit(wide, [0, 1]), sparse_data(wide), source)
