"""The page to read, called as a library: what it gives, where it keeps things, and blocks that do not fit in memory."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml

from carelabel import pipeline
from carelabel.base.home import find_home
from carelabel.errors import UsageError
from carelabel.execute import build as building
from carelabel.execute import rounds
from carelabel.execute import run_state as running
from carelabel.execute.journal import read_journal
from carelabel.label.requirements import parse_requirement
from carelabel.label.schema import Label
from carelabel.options import RunOptions
from carelabel.plan.outcomes import Reason
from carelabel.process.worker_handle import WorkerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

FLOW = Path(__file__).parent / "flow"
CONVERTERS = ("copy", "second", "third")


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunOptions:
    """A line between points, and the plugin that can load it."""
    monkeypatch.syspath_prepend(str(FLOW / "witness_dist"))
    monkeypatch.setenv("PYTHONPATH", str(FLOW / "witness_dist"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # a lock of this test's own
    x = np.random.default_rng(1).normal(size=(30, 2))
    np.savez(tmp_path / "test.npz", X=x, y=(x[:, 0] > 0).astype(int))
    model, meta = tmp_path / "line.witness", tmp_path / "meta.yaml"
    model.write_text(json.dumps({"weights": [1.0, 0.0], "bias": 0.0}), encoding="utf-8")
    content = {"name": "line", "task": "classification", "data": {"test": "test.npz"}}
    meta.write_text(yaml.safe_dump(content), encoding="utf-8")
    suite = yaml.safe_load((FLOW / "line.yaml").read_text(encoding="utf-8"))
    suite["converters"] = {"kinds": [], "include": [f"witness.{name}" for name in CONVERTERS]}
    (tmp_path / "suite.yaml").write_text(yaml.safe_dump(suite), encoding="utf-8")
    return RunOptions(model=model, meta=meta, suite=str(tmp_path / "suite.yaml"))


def test_a_plan_runs_nothing(options: RunOptions) -> None:
    planned = pipeline.plan(options)
    assert [item.id for item in planned.plan.candidates] == ["original", *CONVERTERS]
    assert not (find_home().root / "runs").exists()


def test_a_label_lies_in_the_runs_folder_and_in_the_store(options: RunOptions) -> None:
    label = pipeline.run(options)
    (folder,) = (find_home().root / "runs").iterdir()
    assert Label.model_validate_json((folder / "label.json").read_text(encoding="utf-8")) == label
    (stored,) = (find_home().store / "labels").iterdir()
    assert Label.model_validate_json(stored.read_text(encoding="utf-8")) == label
    assert read_journal(folder / "journal.jsonl").finished


def test_a_conversion_is_not_done_twice(options: RunOptions) -> None:
    first, again = ({item.id: item for item in pipeline.run(options).candidates} for _ in range(2))
    for name in CONVERTERS:
        assert (first[name].cached, again[name].cached) == (False, True)
        assert again[name].sha256 == first[name].sha256
        assert again[name].parity == first[name].parity


def test_a_conversion_is_done_anew_when_other_rows_are_read_from_the_same_file(
    options: RunOptions, tmp_path: Path
) -> None:
    x = np.random.default_rng(1).normal(size=(30, 2))
    np.savez(tmp_path / "test.npz", X=x, scaled=2 * x, y=(x[:, 0] > 0).astype(int))
    found = []
    for features in ("X", "scaled", "X"):
        data = {"test": {"path": "test.npz", "features": [features]}}
        options.meta.write_text(yaml.safe_dump({"name": "line", "task": "classification", "data": data}))
        found.append({item.cached for item in pipeline.run(options).candidates if item.id in CONVERTERS})
    assert found == [{False}, {False}, {True}]


def test_a_label_that_could_not_be_stored_can_still_be_had(
    options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run counts as finished when its label is kept, and not before."""
    find_home().root.mkdir(parents=True, exist_ok=True)
    find_home().store.write_text("not a folder")
    with pytest.raises(UsageError) as caught:
        pipeline.run(options)
    (kept,) = (find_home().root / "runs").glob("*/label.json")
    assert f"the label is kept in {kept};" in caught.value.hint
    assert Label.model_validate_json(kept.read_text(encoding="utf-8")).outcomes
    find_home().store.unlink()
    again = RunOptions(model=options.model, meta=options.meta, suite=options.suite, resume=True)
    label = pipeline.run(again)
    assert {outcome.status for outcome in label.outcomes} == {"measured"}
    assert label.environment.resumed


@pytest.mark.parametrize("budget_s", [0.0, 86_400.0])
def test_one_test_row_and_a_budget_of_nothing_or_of_a_day(options: RunOptions, tmp_path: Path, budget_s: float) -> None:
    np.savez(tmp_path / "test.npz", X=np.array([[1.0, 0.0]]), y=np.array([1]))
    label = pipeline.run(replace(options, budget_s=budget_s, only=("original", "witness.*")))
    assert {outcome.status for outcome in label.outcomes} == {"measured"}
    (turns,) = [row for row in label.measurements if row.quantity == "turns"]
    assert isinstance(turns.value, int)
    assert turns.value >= 6
    (agreement,) = [row for row in label.measurements if row.test == "witness.agreement"]
    assert (agreement.value, agreement.interval) == (1.0, None)


def test_answers_that_change_between_calls_are_on_the_label_with_how_often(options: RunOptions) -> None:
    options.model.write_text(json.dumps({"weights": [1.0, 0.0], "bias": 0.0, "restless": True}), encoding="utf-8")
    label = pipeline.run(replace(options, only=("original", "witness.agreement")))
    (said,) = [problem for problem in label.problems if problem.code == "nondeterministic"]
    assert said.source == "original"
    assert said.text.startswith("answers change between calls: ")
    assert " of 30 rows, 3 in the same batch and " in said.text
    (original,) = [item for item in label.candidates if item.id == "original"]
    assert original.notes["nondeterministic"]["repeat"] == 3


def test_what_was_skipped_for_a_failed_conversion_is_tried_again_on_resume(
    options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run ends without a label kept, and its conversions fail; the second goes well."""

    killed = WorkerError("crashed", Reason(code="killed", text="died of SIGKILL"), find_home().root / "converter.log")

    def fails(*what: Any) -> Iterator[Any]:
        raise killed
        yield what

    find_home().root.mkdir(parents=True, exist_ok=True)
    find_home().store.write_text("not a folder")
    with monkeypatch.context() as patched:
        patched.setattr(building, "_conversion", fails)
        with pytest.raises(UsageError):
            pipeline.run(options)
    (folder,) = (find_home().root / "runs").iterdir()
    first = read_journal(folder / "journal.jsonl").cells
    assert {item.status for key, item in first.items() if key[0] != "original"} == {"skipped"}
    find_home().store.unlink()
    label = pipeline.run(RunOptions(model=options.model, meta=options.meta, suite=options.suite, resume=True))
    assert {outcome.status for outcome in label.outcomes} == {"measured"}
    again = read_journal(folder / "journal.jsonl").cells
    kept = {key: item for key, item in first.items() if key[0] == "original"}
    assert {key: again[key] for key in kept} == kept
    ratios = {row.candidate: row.detail for row in label.measurements if row.quantity == "turns"}
    assert {name: detail["paired"] for name, detail in ratios.items() if detail} == {
        "original": False,
        **dict.fromkeys(CONVERTERS, True),
    }


def test_every_block_holds_the_original_so_that_every_candidate_has_its_ratio(
    options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MEMORY_SHARE", 1e-9)
    label = pipeline.run(options).to_dict()
    rows = [row for row in label["measurements"] if row["quantity"] == "turns"]
    found: dict[str, Any] = {row["candidate"]: row["detail"] for row in rows}
    assert {name: detail["paired"] for name, detail in found.items()} == {
        "original": False,
        **dict.fromkeys(CONVERTERS, True),
    }
    assert len(rows) == len(found), "the original has one outcome, whatever the number of blocks"
    assert len({row["samples"] for row in rows}) == len(CONVERTERS)


def test_several_processes_of_a_candidate_take_its_rounds_in_turn(options: RunOptions) -> None:
    suite = yaml.safe_load(Path(options.suite).read_text(encoding="utf-8"))
    Path(options.suite).write_text(yaml.safe_dump({**suite, "processes": 3}), encoding="utf-8")
    label = pipeline.run(options).to_dict()
    (folder,) = (find_home().root / "runs").iterdir()
    turns: dict[str, list[int]] = {}
    for path in {row["samples"] for row in label["measurements"] if row["quantity"] == "turns"}:
        for line in map(json.loads, (folder / path).read_text(encoding="utf-8").splitlines()):
            turns.setdefault(line["candidate"], []).append(line["samples"]["pid"])
    assert set(turns) == {"original", *CONVERTERS}
    for pids in turns.values():
        assert len(set(pids)) == 3
        assert pids == [pids[number % 3] for number in range(len(pids))]
    assert len({pid for pids in turns.values() for pid in pids}) == 3 * len(turns)


def test_the_blocks_of_a_platform_share_the_budget(options: RunOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []

    def needed(*_: object, budget_s: float, **__: object) -> tuple[int, str]:
        shares.append(budget_s)
        return rounds.PILOT_ROUNDS, "budget"

    monkeypatch.setattr(running, "MEMORY_SHARE", 1e-9)
    monkeypatch.setattr(rounds, "_rounds_needed", needed)
    pipeline.run(replace(options, budget_s=3.0))
    assert shares == [1.0] * len(CONVERTERS)


@pytest.mark.parametrize("limit", ["load", "predict"])
def test_a_suite_sets_the_time_limits_of_a_model(options: RunOptions, limit: str) -> None:
    """The witness stops where it is told to; on a slow machine opening it takes longer than the limit on loading."""
    find_home().root.mkdir(parents=True, exist_ok=True)
    (find_home().root / f"hold-{limit}").touch()
    suite = yaml.safe_load(Path(options.suite).read_text(encoding="utf-8"))
    Path(options.suite).write_text(yaml.safe_dump({**suite, "timeouts": {limit: 0.5}}), encoding="utf-8")
    (original,) = [item for item in pipeline.run(options).candidates if item.id == "original"]
    assert original.reason is not None
    ops = {"load": ("open", "load"), "predict": ("predict",)}[limit]
    assert any(f"no answer to '{op}' within 0.5 s" in original.reason.text for op in ops)
    assert original.reason.hint == "a suite may allow more: timeouts.load and timeouts.predict"


def test_a_requirement_on_nothing_that_is_planned_is_refused_before_anything_is_measured(options: RunOptions) -> None:
    with pytest.raises(UsageError, match=r"must name a quantity of the plan, got .turn. .did you mean turns"):
        pipeline.run(options, requirements=[parse_requirement("turn < 2")])
    assert not (find_home().root / "runs").exists()


def test_a_label_names_the_folder_that_its_logs_and_samples_are_in(options: RunOptions) -> None:
    label = pipeline.run(options)
    (folder,) = (find_home().root / "runs").iterdir()
    assert label.reproduce.run == folder.name
    samples = {row.samples for row in label.measurements if row.samples}
    assert samples
    assert all((folder / path).is_file() for path in samples)
