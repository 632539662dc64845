"""A candidate worker: what it imports, what it writes, and which answers it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.process.worker_handle import WorkerError
from tests.run.given import ONE_THREAD, SOON, planned

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.model.facts import ModelFacts
    from carelabel.process.worker_handle import Session
    from tests.run.given import Opening, Spawn


@pytest.fixture
def candidate(spawn: Spawn, opening: Opening) -> Spawn:
    def start(kind: str = "good", **spec: Any) -> Session:
        session = spawn(platform=ONE_THREAD)
        session.ask("open", SOON, **opening(kind, **spec))
        return session

    return start


def predict(session: Session, out: Path, boundary: Any = None) -> dict[str, Any]:
    return session.ask("predict", SOON, out=str(out), boundary=boundary)


def test_it_imports_what_its_candidate_needs_and_nothing_else(candidate: Spawn) -> None:
    session = candidate()
    session.ask("load", SOON)
    modules = set(session.ask("modules", SOON)["modules"])
    assert {"fake_models", "numpy"} <= modules
    assert not modules & {"sklearn", "onnxruntime", "torch", "pandas", "scipy", "pydantic", "pluggy", "yaml", "rich"}


def test_loading_is_taken_apart(candidate: Spawn) -> None:
    session = candidate()
    loaded = session.ask("load", SOON)
    assert {"import_s", "load_s", "first_call_s", "spawn_to_ready_s", "bare_bytes", "threads"} <= loaded.keys()
    assert loaded["import_s"] + loaded["load_s"] + loaded["first_call_s"] < loaded["spawn_to_ready_s"]
    assert session.spent.keys() == {"import", "load", "predict", "data"}
    assert sum(session.spent.values()) < loaded["spawn_to_ready_s"]


def test_predictions_go_through_files(candidate: Spawn, tmp_path: Path) -> None:
    result = predict(candidate(proba="two"), tmp_path / "pred")
    assert result["files"] == ["labels.npy", "proba.npy"]
    labels, proba = (np.load(tmp_path / "pred" / name) for name in result["files"])
    assert labels.tolist() == [0] * 10 + [1] * 10
    assert proba.shape == (20, 2)
    assert (result["nondeterministic"], result["nan"]) == (None, {})
    assert result["resident_bytes"] > 1_000_000


def test_text_is_written_without_objects(spawn: Spawn, opening: Opening, facts: ModelFacts, tmp_path: Path) -> None:
    session = spawn()
    session.ask("open", SOON, **opening("text", model_facts=replace(facts, classes=("no", "yes"))))
    predict(session, tmp_path / "pred")
    labels = np.load(tmp_path / "pred" / "labels.npy", allow_pickle=False)
    assert (labels.dtype, set(labels.tolist())) == (np.dtype("<U3"), {"no", "yes"})


@pytest.mark.parametrize(
    ("kind", "spec", "code", "text"),
    [
        (
            "wrong-shape",
            {},
            "wrong-shape",
            "predict must give an array of shape (20,) or (20, 1) for 20 rows, got (20, 3)",
        ),
        (
            "good",
            {"proba": "three columns"},
            "wrong-shape",
            "predict_proba must give an array of shape (20, 2) for 20 rows, got (20, 3)",
        ),
        ("wrong-type", {}, "wrong-type", "predict must give numbers or text, one type for all rows, got object"),
        ("numbers-for-classes", {}, "unknown-class", "predict must give classes of the model (0, 1), got 7, 8"),
    ],
)
def test_wrong_answers_fail_with_one_line(
    candidate: Spawn, tmp_path: Path, *, kind: str, spec: Any, code: str, text: str
) -> None:
    session = candidate(kind, **spec)
    with pytest.raises(WorkerError) as caught:
        predict(session, tmp_path / "pred")
    found = caught.value
    assert (found.status, found.reason.code, found.reason.text) == ("failed", code, text)


def test_missing_answers_are_kept_and_counted(
    spawn: Spawn, opening: Opening, facts: ModelFacts, tmp_path: Path
) -> None:
    session = spawn()
    session.ask("open", SOON, **opening("nan", model_facts=replace(facts, classes=(), task="regression")))
    assert predict(session, tmp_path / "pred")["nan"] == {"labels": 10}
    assert np.isnan(np.load(tmp_path / "pred" / "labels.npy")).sum() == 10


def test_probabilities_outside_their_range_are_counted(candidate: Spawn, tmp_path: Path) -> None:
    assert predict(candidate("good", proba="two columns"), tmp_path / "pred")["improper"] == 0
    assert predict(candidate("good", proba="beyond one"), tmp_path / "pred")["improper"] == 2


def test_answers_that_change_are_noticed(candidate: Spawn, tmp_path: Path) -> None:
    found = predict(candidate("random"), tmp_path / "pred")["nondeterministic"]
    assert found["rows"] == 20
    assert 0 < found["repeat"] <= found["changed"] <= 20


def test_answers_that_depend_on_the_batch_are_noticed(candidate: Spawn, tmp_path: Path) -> None:
    found = predict(candidate("batch-dependent"), tmp_path / "pred")["nondeterministic"]
    assert (found["repeat"], found["split"]) == (0, 2)


def test_boundary_rows_of_the_original_are_answered_by_all(candidate: Spawn, tmp_path: Path) -> None:
    where = {"make": True, "folder": str(tmp_path / "boundary"), "limit": 8, "seed": 0}
    made = predict(candidate(threshold=0.25), tmp_path / "original", where)
    assert made["boundary_rows"] == 2
    assert np.load(tmp_path / "boundary" / "on_threshold.npy").tolist() == [True, False]
    assert np.load(tmp_path / "original" / "boundary_labels.npy").tolist() == [0, 1]
    predict(candidate("good", threshold=0.2), tmp_path / "other", {**where, "make": False})
    assert np.load(tmp_path / "other" / "boundary_labels.npy").tolist() == [1, 1]


def test_a_model_without_boundaries_has_no_boundary_rows(candidate: Spawn, tmp_path: Path) -> None:
    where = {"make": True, "folder": str(tmp_path / "boundary"), "limit": 8, "seed": 0}
    result = predict(candidate(), tmp_path / "pred", where)
    assert result["boundary_rows"] == 0
    assert result["files"] == ["labels.npy"]


def test_a_test_in_a_fresh_worker_sees_it_bare(candidate: Spawn) -> None:
    session = candidate()
    (found,) = session.ask("run", SOON, test=planned("fake_tests:cold", "loads"))["measurements"]
    assert found["detail"]["numpy_before"] is False
    assert {"bare_bytes", "import_s", "load_s"} <= found["detail"]["notes"].keys()
    assert (found["value"], found["detail"]["rows"]) == (1, 20)


@pytest.mark.parametrize(
    ("entry", "code", "text"),
    [
        (
            "undeclared",
            "undeclared-quantity",
            "fake.test must give only quantities that its record declares (loads), got invented",
        ),
        ("no_measurement", "wrong-type", "fake.test must give Measurement objects, got float"),
        ("nothing", "wrong-type", "fake.test must give measurements, got None"),
        ("missing", "exception", "AttributeError: module 'fake_tests' has no attribute 'missing'"),
    ],
)
def test_tests_that_break_their_contract_fail(candidate: Spawn, entry: str, code: str, text: str) -> None:
    session = candidate()
    with pytest.raises(WorkerError) as caught:
        session.ask("run", SOON, test=planned(f"fake_tests:{entry}", "loads"))
    assert (caught.value.status, caught.value.reason.code, caught.value.reason.text) == ("failed", code, text)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("grade", "fake.test: grade of loads must be a word, got "),
        ("flags", "fake.test: flags of loads must be a tuple of words, got "),
        ("level", "fake.test: level of loads must be a finite number, got "),
        ("n", "fake.test: n of loads must be a whole number, got "),
        ("value", "fake.test: value of loads must be a number, got "),
    ],
)
def test_a_figure_of_odd_types_fails_in_the_worker(candidate: Spawn, what: str, text: str) -> None:
    with pytest.raises(WorkerError) as caught:
        candidate().ask("run", SOON, test=planned("fake_tests:odd", "loads", what=what))
    assert (caught.value.status, caught.value.reason.code) == ("failed", "wrong-type")
    assert caught.value.reason.text.startswith(text)


def test_paired_tests_take_turns(candidate: Spawn) -> None:
    session = candidate()
    test = planned("fake_tests:Paired", "time", batches=[1, 16])
    assert session.ask("setup", SOON, test=test)["points"] == [{"batch": 1}, {"batch": 16}]
    assert session.ask("turn", SOON, test="fake.test", point=1)["samples"] == {"seconds": [0.016]}
    assert {"warm_up", "turn"} <= session.spent.keys()


def test_a_turn_without_setup_or_samples_fails(candidate: Spawn) -> None:
    session = candidate()
    with pytest.raises(WorkerError, match="must be set up before its first turn"):
        session.ask("turn", SOON, test="fake.test", point=0)
    session.ask("setup", SOON, test=planned("fake_tests:NoSamples", "time", batches=[1]))
    with pytest.raises(WorkerError, match="must give a dict of samples, got float"):
        session.ask("turn", SOON, test="fake.test", point=0)


def test_it_must_be_opened_first(spawn: Spawn) -> None:
    with pytest.raises(WorkerError, match="must be opened before"):
        spawn().ask("load", SOON)
