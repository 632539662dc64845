"""Saved models come back with the same bits; nothing in a file is executed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from carelabel_fastinference import FastModel, compile_model, reference
from carelabel_fastinference.probing import probe_rows, same_bits
from carelabel_fastinference.sampling import random_ensemble

if TYPE_CHECKING:
    from pathlib import Path

ROWS = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
LABELS = np.where(ROWS[:, 0] > 0, "yes", "no")


@pytest.mark.parametrize("labels", [LABELS, LABELS.astype(object), ROWS[:, 0] > 0])
def test_a_saved_forest_comes_back(tmp_path: Path, labels: Any) -> None:
    model = RandomForestClassifier(5, random_state=0).fit(ROWS, labels)
    file = tmp_path / "forest.fast"
    compile_model(model).save(file)
    fast = FastModel.load(file, threads=2)
    np.testing.assert_array_equal(fast.predict_proba(ROWS), model.predict_proba(ROWS))
    got = fast.predict(ROWS)
    assert got.dtype == model.predict(ROWS).dtype
    np.testing.assert_array_equal(got, model.predict(ROWS))


@pytest.mark.parametrize("seed", range(12))
def test_every_field_of_an_ensemble_comes_back(tmp_path: Path, seed: int) -> None:
    ensemble = random_ensemble(seed)
    compile_model(ensemble).save(tmp_path / "model")
    rows = probe_rows(ensemble, 50, seed=seed)
    loaded = FastModel.load(tmp_path / "model")
    assert same_bits(loaded.raw_scores(rows), reference.raw_scores(ensemble, rows))


def test_a_file_holds_no_pickle(tmp_path: Path) -> None:
    compile_model(RandomForestClassifier(2).fit(ROWS, LABELS)).save(tmp_path / "model")
    with np.load(tmp_path / "model", allow_pickle=False) as archive:
        assert json.loads(bytes(archive["meta"]))["format"] == "carelabel-fastinference"
        for name in archive.files:
            assert archive[name].dtype != object


def test_classes_that_cannot_be_stored_are_refused(tmp_path: Path) -> None:
    from dataclasses import replace  # noqa: PLC0415

    ensemble = compile_model(RandomForestClassifier(2).fit(ROWS, LABELS)).ensemble
    odd = replace(ensemble, outputs=(np.array([("a", 1), None], dtype=object),))
    with pytest.raises(ValueError, match="must hold numbers or strings to be saved"):
        compile_model(odd).save(tmp_path / "model")


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "model"
    compile_model(HistGradientBoostingClassifier(max_iter=2).fit(ROWS, LABELS)).save(file)
    whole = file.read_bytes()
    np.savez(tmp_path / "other.npz", x=ROWS)
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("a model")
    for name in ("other.npz", "cut", "empty", "text"):
        with pytest.raises(ValueError, match=r"must be a model saved by FastModel\.save") as caught:
            FastModel.load(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError):
        FastModel.load(tmp_path / "none")
