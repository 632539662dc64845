"""Exports: found by their word, done in one worker, and complete or not there at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from carelabel.errors import CareLabelError, ConsentError, IncompleteError, UsageError
from carelabel.export.export import Export, export_model
from carelabel.model.metadata import read_model_file, read_submission
from carelabel.options import Setting
from carelabel.plan.build import build_plan
from carelabel.plan.suite import load_suite
from carelabel.plugin.parameter import Parameter
from tests.factories import backend, converter, make_host, make_options, make_registry, make_subject
from tests.run.conftest import FAKES
from tests.run.given import BACKEND

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.export.export import Exported

NAME = Parameter(name="name", type="str", default="model.fake", description="of the file")
FILES = {"formats": frozenset({"fake"}), "suffixes": (".fake",), "framework": "fake"}


def exporter(**changes: Any) -> Any:
    fields = {
        "entry": "fake_models:convert",
        "source": frozenset({"fake"}),
        "target": "fake-2",
        "conversion": "export",
        "slug": "boat",
        "parameters": (NAME,),
    }
    return converter(**{**fields, **changes})


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PYTHONPATH", str(FAKES))

    def call(
        *settings: Setting,
        kind: str = "good",
        to: str = "boat",
        meta: Path | None = None,
        trust: bool = True,
        **changes: Any,
    ) -> Exported:
        model = tmp_path / "model.fake"
        model.write_text(json.dumps({"kind": kind, **changes.pop("spec", {})}))
        loads = changes.pop("loads", {"executes_code": True})
        records = (("fake.file", backend(entry=BACKEND, **FILES, **loads)), ("fake.export", exporter(**changes)))
        found = read_model_file(model) if meta is None else read_submission(model, meta)
        return export_model(
            Export(model=found, to=to, folder=tmp_path / "deep" / "out", settings=settings),
            make_registry(*records),
            make_host(),
            home=tmp_path / "home",
            trust_pickle=trust,
            is_trusted=lambda _: False,
        )

    return call


def test_a_model_is_exported_without_any_data(ask: Any, tmp_path: Path) -> None:
    done = ask()
    assert (done.converter, done.files) == ("fake.export", ("model.fake",))
    assert json.loads((tmp_path / "deep" / "out" / "model.fake").read_text()) == {"kind": "good", "seed": 0, "rows": 0}


def test_with_metadata_the_exporter_gets_the_rows(ask: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "test.npz", X=np.zeros((20, 2)), y=np.arange(20) % 2)
    meta = tmp_path / "meta.yaml"
    meta.write_text(yaml.safe_dump({"name": "fake", "task": "classification", "data": {"test": "test.npz"}}))
    ask(meta=meta)
    assert json.loads((tmp_path / "deep" / "out" / "model.fake").read_text())["rows"] == 20


def test_parameters_are_set_and_checked(ask: Any) -> None:
    assert ask(Setting(test="fake.export", parameter="name", value="hull")).files == ("hull",)
    with pytest.raises(UsageError, match="--set must name an installed"):
        ask(Setting(test="fake.other", parameter="name", value="hull"))


def test_a_folder_that_is_taken_stays_as_it_is(ask: Any, tmp_path: Path) -> None:
    (tmp_path / "deep" / "out").mkdir(parents=True)
    assert ask().files == ("model.fake",)  # an empty one is taken
    with pytest.raises(UsageError, match="must be a new or empty folder"):
        ask()


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"to": "raft"}, UsageError, r"must be what an installed exporter writes \(boat\), got 'raft'"),
        ({"trust": False}, ConsentError, "nobody has agreed to that"),
        ({"source": frozenset({"wood"})}, UsageError, "fake.export takes wood, this is fake"),
        ({"families": frozenset({"oak"})}, UsageError, "fake.export is for family oak, this is stump"),
        ({"needs": frozenset({"train"})}, UsageError, "the metadata names no training data"),
        (
            {"spec": {"converting": "raise"}},
            IncompleteError,
            "the export to boat failed: ValueError: the model's own words",
        ),
        ({"spec": {"converting": "segfault"}}, IncompleteError, "the export to boat crashed"),
        ({"spec": {"converting": "hang"}, "timeout_s": 0.5}, IncompleteError, "the export to boat timed out"),
        ({"kind": "unloadable"}, CareLabelError, "the file must be whole"),
    ],
    ids=lambda item: next(iter(item), "") if isinstance(item, dict) else "",
)
def test_what_cannot_be_exported_gives_one_line_and_leaves_nothing(
    ask: Any, tmp_path: Path, changes: dict[str, Any], error: type[CareLabelError], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        ask(**changes)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == {IncompleteError: 1, UsageError: 2, ConsentError: 2}.get(error, 3)
    assert not (tmp_path / "deep").exists() or list((tmp_path / "deep").iterdir()) == []


def test_a_plan_holds_no_export() -> None:
    records = [(item.id, item.record) for item in make_registry().records.values()]
    registry = make_registry(*records, ("wood.boat", converter(name="boat", slug="boat", conversion="export")))
    plan = build_plan(registry, make_subject(), make_host(), load_suite("full"), make_options())
    assert [item.id for item in plan.candidates] == ["original", "planks"]
    assert not [skip for skip in plan.skipped if "boat" in skip.what]
