"""Paired rounds between fake workers: what one candidate does wrong costs its own cell, and no other."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.errors import LoadError
from carelabel.execute import build as building
from carelabel.execute import fresh
from carelabel.execute import local as schedule
from carelabel.execute.rounds import PairedCells, measure_rounds, summarise
from carelabel.execute.run_state import Running
from carelabel.inspection.inspect import inspect_submission
from carelabel.plan import Cell
from carelabel.plan.outcomes import Outcome, Reason
from carelabel.process.time_accounting import Account
from carelabel.process.worker_handle import Session, WorkerError
from tests.factories import make_host, make_registry, make_submission
from tests.run.fake_run import LOG, ONE, TWO, FakeWorker, refusal, spawns

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class FakeScorer:
    """Refuses pilots in which one of these takes part; summaries give one row a point."""

    refuses: Callable[[set[str]], bool] = lambda _: False
    pilots: list[set[str]] = field(default_factory=list)

    def ask(self, _: str, __: float, **fields: Any) -> dict[str, Any]:
        if fields["what"] == "pilot":
            names = {own[0]["of"] for own in fields["series"]}
            self.pilots.append(names)
            if self.refuses(names):
                text = "no such statistic"
                raise refusal(text)
            return {"rounds": 6, "ended_by": "precision"}
        return {"measurements": [{"quantity": "figure", "value": len(fields["own"]), "at": fields["at"]}]}


def live(running: Running, points: dict[str, list[Any]], scorer: FakeScorer | None = None) -> dict[str, Outcome]:
    """Measure a paired test whose candidates name these points; outcomes by candidate."""
    running.scorer = scorer or FakeScorer()  # type: ignore[assignment]  # a fake
    paired = PairedCells(test=running.plan.test("wood.latency"), platform=running.plan.platform("cpu-1t"))
    for name, own in points.items():
        paired.begin(Cell(candidate=name, platform="cpu-1t", test="wood.latency"))
        paired.ready(name, FakeWorker(name, own), own)  # type: ignore[arg-type]  # a fake
    measure_rounds(running, paired, lost=lambda *_: None)
    return {outcome.candidate: outcome for outcome in summarise(running, paired)}


def statuses(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: outcome.status for name, outcome in outcomes.items()}


@pytest.mark.parametrize("others", [[ONE, TWO], [TWO], [], [TWO, ONE]])
def test_a_candidate_with_other_points_than_the_first_is_out(running: Running, others: list[Any]) -> None:
    outcomes = live(running, {"original": [ONE], "planks": others, "logs": [ONE]})
    assert statuses(outcomes) == {"original": "measured", "planks": "failed", "logs": "measured"}
    reason = outcomes["planks"].reason
    assert reason
    assert reason.code == "other-points"
    assert reason.text == f"every candidate must name the points of the first, [{ONE}], got {others}"
    assert [row["value"] for row in outcomes["logs"].measurements] == [6]


def test_where_the_first_names_no_point_the_others_are_out(running: Running) -> None:
    outcomes = live(running, {"original": [], "planks": [ONE]})
    assert statuses(outcomes) == {"original": "failed", "planks": "failed"}
    assert outcomes["original"].reason
    assert outcomes["original"].reason.code == "no-figures"


def test_a_pilot_that_fails_closes_its_cell_with_the_reason(running: Running) -> None:
    scorer = FakeScorer(refuses=lambda names: "planks" in names)
    outcomes = live(running, {"original": [ONE, TWO], "planks": [ONE, TWO], "logs": [ONE, TWO]}, scorer)
    assert statuses(outcomes) == {"original": "measured", "planks": "failed", "logs": "measured"}
    reason = outcomes["planks"].reason
    assert reason
    assert (reason.code, reason.text) == ("exception", "its pilot could not be evaluated: no such statistic")
    assert outcomes["planks"].measurements == ()
    assert [row["value"] for row in outcomes["logs"].measurements] == [6, 6]


def test_a_pilot_that_fails_only_for_all_together_closes_all(running: Running) -> None:
    outcomes = live(running, {"original": [ONE], "planks": [ONE]}, FakeScorer(refuses=lambda names: len(names) > 1))
    assert statuses(outcomes) == {"original": "failed", "planks": "failed"}


def fresh_outcomes(
    running: Running, monkeypatch: pytest.MonkeyPatch, points: Callable[[str], list[Any]]
) -> dict[str, Outcome]:
    """Measure the paired test in fresh workers that name these points; outcomes on cpu-1t by candidate."""
    spawns(monkeypatch, points)
    running.scorer = FakeScorer()  # type: ignore[assignment]  # a fake
    fresh.measure_fresh(running)
    return {key[0]: outcome for key, outcome in running.cells.items() if key[1:] == ("cpu-1t", "wood.start")}


@pytest.mark.parametrize("odd", [[], [ONE, TWO]])
def test_a_fresh_test_names_exactly_one_point(
    running: Running, monkeypatch: pytest.MonkeyPatch, odd: list[Any]
) -> None:
    outcomes = fresh_outcomes(running, monkeypatch, lambda name: odd if name == "planks" else [{}])
    assert statuses(outcomes) == {"original": "measured", "planks": "failed", "logs": "measured"}
    reason = outcomes["planks"].reason
    assert reason
    assert reason.code == "not-one-point"
    assert reason.text == (f"wood.start takes each turn in a new process, so it must name one point, got {len(odd)}")


def test_fresh_workers_name_the_same_point(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = fresh_outcomes(running, monkeypatch, lambda name: [ONE if name == "planks" else {}])
    assert sorted(statuses(outcomes).values()) in (["failed", "failed", "measured"], ["failed", "measured", "measured"])
    assert {outcome.reason.code for outcome in outcomes.values() if outcome.reason} == {"other-points"}


def test_a_reusable_fresh_worker_goes_on_to_the_rounds(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    started = spawns(monkeypatch, lambda _: [ONE])
    platform = running.plan.platform("cpu-1t")
    kept = FakeWorker("planks", [ONE])
    running.live["planks", "cpu-1t"] = kept  # type: ignore[assignment]  # a fake
    fresh.open_with_fresh_tests(running, platform)
    assert set(started) == {"original@cpu-1t@wood.weight", "logs@cpu-1t@wood.weight"}
    assert {worker.now for worker in started.values()} == {"frozen"}
    assert {key[0] for key in running.live} == {"original", "planks", "logs"}
    assert running.live["planks", "cpu-1t"] is kept
    assert set(running.cells) == {(name, "cpu-1t", "wood.weight") for name in ("original", "logs")}

    running.scorer = FakeScorer()  # type: ignore[assignment]  # a fake
    fresh.measure_fresh(running)
    assert started["planks@cpu-1t@wood.weight"].now == "closed"
    assert started["original@cpu-1t@wood.smell"].now == "closed"
    assert ("planks", "cpu-1t", "wood.weight") in running.cells


def test_a_worker_whose_fresh_test_failed_is_not_kept(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    started = spawns(monkeypatch, lambda _: [ONE])
    monkeypatch.setattr(FakeWorker, "ask", refuses_to_run)
    fresh.open_with_fresh_tests(running, running.plan.platform("cpu-1t"))
    assert {worker.now for worker in started.values()} == {"closed"}
    assert not running.live
    assert {outcome.status for outcome in running.cells.values()} == {"failed"}


def test_a_worker_that_no_longer_answers_is_not_kept_but_its_figures_are(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = spawns(monkeypatch, lambda _: [ONE])

    def broken(_: FakeWorker, op: str, *__: Any, **___: Any) -> dict[str, Any]:
        if op == "ready":
            text = "predictor is closed"
            raise refusal(text)
        return {}

    monkeypatch.setattr(FakeWorker, "ask", broken)
    fresh.open_with_fresh_tests(running, running.plan.platform("cpu-1t"))
    assert {worker.now for worker in started.values()} == {"closed"}
    assert not running.live
    assert {outcome.status for outcome in running.cells.values()} == {"measured"}


def test_a_reusable_fresh_worker_is_closed_where_memory_is_short(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = spawns(monkeypatch, lambda _: [ONE])
    monkeypatch.setattr(Running, "has_room_for", lambda *_: False)
    fresh.open_with_fresh_tests(running, running.plan.platform("cpu-1t"))
    assert {worker.now for worker in started.values()} == {"closed"}
    assert not running.live
    assert {outcome.status for outcome in running.cells.values()} == {"measured"}


def refuses_to_run(_: FakeWorker, op: str, *__: Any, **___: Any) -> dict[str, Any]:
    if op == "run":
        text = "it broke"
        raise refusal(text)
    return {}


def cannot_fork(*_: Any, **__: Any) -> Session:
    reason = Reason(code="not-started", text="a worker could not be started: no memory")
    raise WorkerError(status="crashed", reason=reason, log=LOG)


def test_a_worker_that_cannot_be_started_costs_its_candidate(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "spawn", cannot_fork)
    assert list(building._predict(running, running.plan.candidate("planks"))) == []
    built = running.built["planks"]
    assert built.status == "failed"
    assert built.reason
    assert built.reason.text == "prediction of the test rows crashed: a worker could not be started: no memory"


def test_an_inspector_that_cannot_be_started_is_an_error_of_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Session, "spawn", cannot_fork)
    with pytest.raises(LoadError, match="the inspector crashed: a worker could not be started: no memory"):
        inspect_submission(
            make_submission(),
            make_registry(),
            make_host(),
            home=tmp_path,
            account=Account(),
            trust_pickle=False,
            is_trusted=lambda _: False,
        )


@pytest.mark.parametrize("pipes", [0, 1, 2])
def test_no_more_open_files_is_a_worker_that_could_not_be_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pipes: int
) -> None:
    made: list[tuple[int, int]] = []
    pipe = os.pipe

    def few() -> tuple[int, int]:
        if len(made) == pipes:
            raise OSError(24, "Too many open files")
        made.append(pipe())
        return made[-1]

    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(os, "pipe", few)
    with pytest.raises(WorkerError, match="Too many open files") as caught:
        Session.spawn("scorer", name="scorer", log=tmp_path / "scorer.log")
    assert caught.value.reason.code == "not-started"
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_worker_that_cannot_be_started_leaves_the_meters_without_counters(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = {"id": "wood.meter", "entry": "wood:Meter", "grade": "counter", "domain": "package"}
    running.plan = replace(running.plan, meters=(meter,))
    monkeypatch.setattr(Session, "spawn", cannot_fork)
    (found,) = schedule._probe_meters(running)
    assert (found["id"], found["code"]) == ("wood.meter", "not-started")
