"""The scorer: figures from predictions, parity, pilot and summaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.base.json_codec import to_json
from carelabel.process.worker_handle import WorkerError
from carelabel.worker.answers import Answers
from tests.run.given import SOON, planned

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.model.facts import ModelFacts
    from carelabel.process.worker_handle import Session
    from tests.run.given import Spawn


@pytest.fixture
def scorer(spawn: Spawn, data: dict[str, Any], facts: ModelFacts, tmp_path: Path) -> Session:
    truth = (np.linspace(0, 1, 20) > 0.5).astype(int)
    flipped = truth.copy()
    flipped[:2] = 1
    for name, labels in (("original", truth), ("onnx", flipped)):
        Answers(labels=labels).write(tmp_path / "pred" / name)
        Answers(labels=labels[:2]).write(tmp_path / "pred" / name, "boundary_")
    session = spawn("scorer")
    session.ask(
        "open",
        SOON,
        task="classification",
        facts=to_json(facts),
        data=data,
        pred=str(tmp_path / "pred"),
        resamples=100,
        seed=0,
    )
    return session


def score(session: Session, what: str, **fields: Any) -> dict[str, Any]:
    return session.ask("score", SOON, what=what, **fields)


def test_a_metric_gets_truth_and_predictions(scorer: Session) -> None:
    test = planned("fake_tests:hamming", "hamming", kind="metric") | {"metric": {"input": "labels", "name": "hamming"}}
    (found,) = score(scorer, "metric", candidate="onnx", test=test)["measurements"]
    assert (found["value"], found["n"]) == (0.1, 20)
    assert found["interval"][0] <= 0.1 <= found["interval"][1]


def test_a_test_gets_its_parameters(scorer: Session) -> None:
    test = planned("fake_tests:scored", "share", factor=2)
    (found,) = score(scorer, "test", candidate="onnx", test=test)["measurements"]
    assert found["value"] == pytest.approx(1.8)


def test_why_it_cannot_import_ahead_is_said_when_it_is_needed(scorer: Session) -> None:
    for entry in ("no_such_package:metric", "json:no_such_name", "json:loads"):
        assert scorer.ask("prepare", SOON, entry=entry).keys() == {"spent"}
    with pytest.raises(WorkerError, match="no_such_package"):
        score(scorer, "test", candidate="onnx", test={"entry": "no_such_package:metric", "parameters": {}})


def test_parity_counts_flips(scorer: Session) -> None:
    parity = score(scorer, "parity", candidate="onnx", limits={})["parity"]
    assert (parity["rows"], parity["flips"]) == (20, 2)
    assert parity["neighbours"] is None


def test_parity_uses_boundary_rows_where_there_are_some(scorer: Session, tmp_path: Path) -> None:
    folder = tmp_path / "pred" / "boundary"
    folder.mkdir()
    np.save(folder / "rows.npy", np.zeros((2, 2)))
    np.save(folder / "on_threshold.npy", np.array([True, False]))
    parity = score(scorer, "parity", candidate="onnx", limits={})["parity"]
    assert (parity["neighbours"]["flips"], parity["on_threshold"]["flips"]) == (1, 1)


def test_the_pilot_decides_on_the_rounds(scorer: Session) -> None:
    test = planned("fake_tests:Paired", "time", batches=[1])
    steady = [[{"seconds": [0.010]}] * 5] * 2
    noisy = [[{"seconds": [0.01 * factor]} for factor in (1, 3, 1, 4, 2)]]
    assert score(scorer, "pilot", test=test, series=steady, round_s=0.1, budget_s=10.0)["ended_by"] == "precision"
    found = score(scorer, "pilot", test=test, series=noisy, round_s=0.1, budget_s=2.0)
    assert (found["rounds"], found["ended_by"]) == (20, "budget")


def test_summaries_are_the_tests_own(scorer: Session) -> None:
    test = planned("fake_tests:Paired", "time", batches=[1])
    own, original = [{"seconds": [0.002]}] * 6, [{"seconds": [0.004]}] * 6
    (found,) = score(scorer, "summarise", test=test, at={"batch": 1}, own=own, original=original, ended_by="precision")[
        "measurements"
    ]
    assert (found["value"], found["at"], found["n"], found["method"]) == (0.002, {"batch": 1}, 6, "precision")
    assert found["detail"]["ratio"] == 2.0


@pytest.mark.parametrize(
    ("what", "fields", "code"),
    [
        ("dance", {}, "unknown-op"),
        ("parity", {"candidate": "nobody"}, "no-predictions"),
        ("test", {"candidate": "onnx", "test": planned("fake_tests:undeclared", "share")}, "undeclared-quantity"),
    ],
)
def test_what_cannot_be_scored_fails(scorer: Session, what: str, fields: Any, code: str) -> None:
    with pytest.raises(WorkerError) as caught:
        score(scorer, what, **fields)
    assert (caught.value.status, caught.value.reason.code) == ("failed", code)
