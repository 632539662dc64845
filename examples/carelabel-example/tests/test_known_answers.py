"""One known answer for each record."""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from carelabel import Artefact, ConvertContext
from carelabel.testing.fakes import LinearModel, candidate_context, facts_of
from carelabel_example.batching import batching
from carelabel_example.halving import halve
from carelabel_example.kappa import cohens_kappa

if TYPE_CHECKING:
    from pathlib import Path


def test_kappa_of_the_textbook_table() -> None:
    # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: p_o = 0.7, p_e = 0.5.
    truth = np.repeat(["yes", "yes", "no", "no"], [20, 5, 10, 15])
    answer = np.repeat(["yes", "no", "yes", "no"], [20, 5, 10, 15])
    assert cohens_kappa(truth, answer) == pytest.approx(0.4)


def test_a_model_that_looks_at_one_row_at_a_time_does_not_depend_on_batching(tmp_path: Path) -> None:
    (figure,) = batching(candidate_context("classification", tmp_path), rows=5)
    assert (figure.value, figure.n) == (0.0, 5)


def test_a_model_that_compares_rows_depends_on_batching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LinearModel, "predict", lambda _, x: np.arange(len(x)))
    (figure,) = batching(candidate_context("classification", tmp_path), rows=5)
    assert figure.value == pytest.approx(0.8)


def test_halving_keeps_every_second_tree(tmp_path: Path) -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    rows, labels = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
    forest = ensemble.RandomForestClassifier(n_estimators=5, random_state=0).fit(rows, labels)
    source = Artefact(path=tmp_path, format="sklearn-pickle", facts=facts_of("classification", "any", "random-forest"))
    load = lambda: SimpleNamespace(native=forest)  # noqa: E731 - a stand-in for a predictor
    context = ConvertContext(load=load, test=None, train=None, scratch=tmp_path, threads=1, seed=0)
    written = halve(source, tmp_path, context)
    halved = pickle.loads(written.path.read_bytes())
    assert len(halved.estimators_) == written.parameters["trees"] == 3
    assert len(forest.estimators_) == 5
    assert halved.predict(rows).shape == (10,)
