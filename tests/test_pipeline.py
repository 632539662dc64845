"""The page to read, called as a library: what it gives, where it keeps things, and blocks that do not fit in memory."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml

from carelabel import pipeline
from carelabel.errors import UsageError
from carelabel.home import find_home
from carelabel.label.schema import Label
from carelabel.options import RunOptions
from carelabel.run import blocks
from carelabel.run.journal import read_journal

if TYPE_CHECKING:
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
    stored = json.loads((find_home().store / "labels.json").read_text(encoding="utf-8"))
    assert len(stored["labels"]) == 1
    assert read_journal(folder / "journal.jsonl").finished


def test_a_conversion_is_not_done_twice(options: RunOptions) -> None:
    first, again = ({item.id: item for item in pipeline.run(options).candidates} for _ in range(2))
    for name in CONVERTERS:
        assert (first[name].cached, again[name].cached) == (False, True)
        assert again[name].sha256 == first[name].sha256
        assert again[name].parity == first[name].parity


def test_a_label_that_could_not_be_stored_can_still_be_had(
    options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run counts as finished when its label is kept, and not before."""
    find_home().root.mkdir(parents=True, exist_ok=True)
    find_home().store.write_text("not a folder")
    with pytest.raises(UsageError):
        pipeline.run(options)
    find_home().store.unlink()
    again = RunOptions(model=options.model, meta=options.meta, suite=options.suite, resume=True)
    label = pipeline.run(again)
    assert {outcome.status for outcome in label.outcomes} == {"measured"}
    assert label.environment.resumed


def test_every_block_holds_the_original_so_that_every_candidate_has_its_ratio(
    options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MEMORY_SHARE", 1e-9)
    label = pipeline.run(options).to_dict()
    rows = [row for row in label["measurements"] if row["quantity"] == "turns"]
    found: dict[str, Any] = {row["candidate"]: row["detail"] for row in rows}
    assert {name: detail["paired"] for name, detail in found.items()} == {
        "original": False,
        **dict.fromkeys(CONVERTERS, True),
    }
    assert len(rows) == len(found), "the original has one outcome, whatever the number of blocks"
    assert len({row["samples"] for row in rows}) == len(CONVERTERS)
