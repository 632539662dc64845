"""Conversions and inspections: each in a worker of its own."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carelabel.base.json_codec import to_json
from carelabel.data.facts import DataSource
from carelabel.model.facts import Declared, Limits, Submission
from carelabel.process.worker_handle import WorkerError
from tests.run.given import BACKEND, SOON

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel.process.worker_handle import Session
    from tests.run.given import Opening, Spawn


@pytest.fixture
def conversion(opening: Opening, data: dict[str, Any], tmp_path: Path) -> Opening:
    def fields(entry: str = "fake_models:convert", **spec: Any) -> dict[str, Any]:
        return {
            "source": opening("good", **spec)["artefact"],
            "source_backend": BACKEND,
            "entry": entry,
            "target": "fake-2",
            "parameters": {},
            "out": str(tmp_path / "out"),
            "scratch": str(tmp_path / "scratch"),
            "data": data,
            "threads": 1,
            "seed": 7,
            "memory_bytes": None,
        }

    return fields


def test_a_conversion_gives_an_artefact_with_its_hash(spawn: Spawn, conversion: Opening, tmp_path: Path) -> None:
    session = spawn("converter")
    answer = session.ask("convert", SOON, **conversion())
    written = (tmp_path / "out" / "model.fake").read_bytes()
    assert json.loads(written) == {"kind": "good", "seed": 7, "rows": 20}
    assert (answer["bytes"], answer["sha256"]) == (len(written), hashlib.sha256(written).hexdigest())
    assert answer["artefact"]["path"] == str(tmp_path / "out" / "model.fake")
    assert {"import", "load", "convert", "data"} == session.spent.keys()


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"entry": "fake_models:convert_nothing"}, "no-artefact", "must write its artefact, but there is no"),
        ({"target": "other"}, "wrong-format", "must write the format other, got fake-2"),
        ({"parameters": {"name": "../elsewhere"}}, "no-artefact", "must write its artefact below"),
        (
            {"entry": "fake_models:convert_oddly", "parameters": {"compile_s": "fast"}},
            "wrong-type",
            "of an Artefact compile_s must be seconds or None, got ",
        ),
        (
            {"entry": "fake_models:convert_oddly", "parameters": {"parameters": ["note"]}},
            "wrong-type",
            "of an Artefact parameters must be a mapping by words, got ",
        ),
        (
            {"entry": "fake_models:convert_oddly", "parameters": {"parameters": {"note": 7}}},
            "wrong-type",
            "of an Artefact the parameter note must be text, got ",
        ),
        ({"entry": "not_installed:convert"}, "import-failed", "No module named 'not_installed'"),
    ],
)
def test_a_conversion_that_breaks_its_contract_fails(
    spawn: Spawn, conversion: Opening, changes: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(WorkerError, match=words) as caught:
        spawn("converter").ask("convert", SOON, **{**conversion(), **changes})
    assert (caught.value.status, caught.value.reason.code) == ("failed", code)


def test_a_cap_on_memory_ends_a_hungry_conversion(spawn: Spawn, conversion: Opening) -> None:
    fields = {**conversion(converting="hungry"), "memory_bytes": 512 << 20}
    with pytest.raises(WorkerError) as caught:
        spawn("converter").ask("convert", SOON, **fields)
    assert caught.value.reason.code == "out-of-memory"


def test_a_crashing_conversion_costs_its_worker_only(spawn: Spawn, conversion: Opening) -> None:
    with pytest.raises(WorkerError) as caught:
        spawn("converter").ask("convert", SOON, **conversion(converting="segfault"))
    assert (caught.value.status, caught.value.reason.code) == ("crashed", "segfault")


@pytest.fixture
def submission(tmp_path: Path) -> Callable[..., Submission]:
    def make(kind: str = "good", suffix: str = ".fake") -> Submission:
        model, rows = tmp_path / f"model{suffix}", tmp_path / "rows.npz"
        model.write_text(json.dumps({"kind": kind}))
        np.savez(rows, X=np.zeros((4, 2)), y=np.array([0, 1, 0, 1]))
        sha256 = hashlib.sha256(rows.read_bytes()).hexdigest()
        source = DataSource(path=rows, sha256=sha256, bytes=rows.stat().st_size)
        return Submission(
            path=model,
            sha256="0",
            bytes=1,
            head=b"{",
            metadata_path=Path("meta.yaml"),
            metadata_sha256="0",
            declared=Declared(name="fake", task="classification"),
            test=source,
            train=source,
            limits=Limits(),
        )

    return make


def inspect(session: Session, submission: Submission, tmp_path: Path) -> dict[str, Any]:
    backends = [{"id": f"fake.{name}", "entry": f"fake_models:{name}"} for name in ("NotMine", "Backend")]
    return session.ask(
        "inspect", SOON, submission=to_json(submission), backends=backends, folder=str(tmp_path / "cache")
    )


def test_the_first_backend_that_knows_the_file_gives_the_facts(
    spawn: Spawn, submission: Callable[..., Submission], tmp_path: Path
) -> None:
    session = spawn("inspector")
    answer = inspect(session, submission(), tmp_path)
    assert answer["backend"] == "fake.Backend"
    assert (answer["model"]["family"], answer["model"]["n_features"]) == ("stump", 2)
    assert (answer["test"]["rows"], answer["train"]["rows"]) == (4, 4)
    assert answer["test"]["folder"] == str(tmp_path / "cache" / "test")
    assert {"data", "import", "load"} <= session.spent.keys()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("estimator", "fake.OddFacts: the estimator of a model must be a word, got None"),
        ("warnings", "fake.OddFacts: warnings must be a tuple of lines, got (1,)"),
        ("type", "fake.OddFacts must give ModelFacts or None, got dict"),
    ],
)
def test_facts_that_no_label_can_hold_are_refused_at_once(
    spawn: Spawn, submission: Callable[..., Submission], tmp_path: Path, *, kind: str, text: str
) -> None:
    fields = {"backends": [{"id": "fake.OddFacts", "entry": "fake_models:OddFacts"}], "folder": str(tmp_path / "cache")}
    with pytest.raises(WorkerError) as caught:
        spawn("inspector").ask("inspect", SOON, submission=to_json(submission(kind)), **fields)
    assert (caught.value.status, caught.value.reason.text) == ("failed", text)


def test_a_file_that_cannot_be_loaded_keeps_message_and_hint(
    spawn: Spawn, submission: Callable[..., Submission], tmp_path: Path
) -> None:
    with pytest.raises(WorkerError) as caught:
        inspect(spawn("inspector"), submission("unloadable"), tmp_path)
    found = caught.value
    assert (found.type, found.reason.code) == ("LoadError", "load-failed")
    assert (found.reason.text, found.reason.hint) == ("the file must be whole, found half of it", "send it again")


def test_a_file_that_nobody_knows_is_a_load_error(
    spawn: Spawn, submission: Callable[..., Submission], tmp_path: Path
) -> None:
    with pytest.raises(WorkerError, match="none of them knows it") as caught:
        inspect(spawn("inspector"), submission(suffix=".other"), tmp_path)
    assert caught.value.type == "LoadError"


def test_wrong_data_are_a_usage_error(spawn: Spawn, submission: Callable[..., Submission], tmp_path: Path) -> None:
    given = submission()
    given.test.path.write_bytes(b"no zip file")
    with pytest.raises(WorkerError) as caught:
        inspect(spawn("inspector"), given, tmp_path)
    assert caught.value.type == "UsageError"


def test_a_file_that_kills_its_loader_costs_the_inspector_only(
    spawn: Spawn, submission: Callable[..., Submission], tmp_path: Path
) -> None:
    with pytest.raises(WorkerError) as caught:
        inspect(spawn("inspector"), submission("os-exit"), tmp_path)
    assert (caught.value.status, caught.value.reason.code) == ("crashed", "exit-0")
