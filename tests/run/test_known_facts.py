"""Facts are taken over from an earlier inspection, and only as long as nothing that they depend on has changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from carelabel import pipeline
from carelabel.base.home import find_home
from carelabel.cache.facts import KnownFacts
from carelabel.errors import CareLabelError, ConsentError
from carelabel.inspection import inspect as inspection
from carelabel.options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Callable

WITNESS = Path(__file__).parents[1] / "flow" / "witness_dist"


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    """A copy of the plugin, whose files a test may change."""
    folder = tmp_path / "plugin"
    for path in WITNESS.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            (folder / path.relative_to(WITNESS)).parent.mkdir(parents=True, exist_ok=True)
            (folder / path.relative_to(WITNESS)).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def options(tmp_path: Path, witness: Path, monkeypatch: pytest.MonkeyPatch) -> RunOptions:
    """A line between points."""
    for name in ("witness_plugin", "witness_code"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(witness))
    monkeypatch.setenv("PYTHONPATH", str(witness))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    x = np.random.default_rng(1).normal(size=(30, 2))
    np.savez(tmp_path / "test.npz", X=x, y=(x[:, 0] > 0).astype(int))
    model, meta = tmp_path / "line.witness", tmp_path / "meta.yaml"
    model.write_text(json.dumps({"weights": [1.0, 0.0], "bias": 0.0}), encoding="utf-8")
    meta.write_text(yaml.safe_dump({"name": "line", "task": "classification", "data": {"test": "test.npz"}}))
    return RunOptions(model=model, meta=meta, suite=str(WITNESS.parent / "line.yaml"))


def later(path: Path) -> None:
    """Give a file a time that it did not have."""
    os.utime(path, (1, 1_000_000_000))


def test_the_second_plan_loads_nothing_and_says_so(options: RunOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pipeline.plan(options)
    assert first.subject.recalled is False
    monkeypatch.setattr(inspection, "start_worker", lambda *_: pytest.fail("a worker was started"))
    again = pipeline.plan(options)
    assert again.subject.recalled is True
    assert replace(again.subject, recalled=False) == first.subject
    assert again.plan == first.plan


def test_a_label_says_whether_its_facts_were_taken_over(options: RunOptions) -> None:
    found = [pipeline.run(replace(options, only=("original", "witness.agreement"))) for _ in range(2)]
    assert [label.environment.recalled for label in found] == [False, True]
    assert found[0].subject == found[1].subject


def test_a_conversion_depends_on_the_sources_of_its_converter(options: RunOptions, witness: Path) -> None:
    found = []
    for text in ("", "", "# another\n"):
        with (witness / "witness_code.py").open("a", encoding="utf-8") as code:
            code.write(text)
        candidates = pipeline.run(options).candidates
        found += [item.cached for item in candidates if item.id == "copy"]
    assert found == [False, True, False]


def touch_the_plugin(options: RunOptions) -> None:
    later(options.model.parent / "plugin" / "witness_code.py")


def change_the_model(options: RunOptions) -> None:
    options.model.write_text(options.model.read_text() + " ", encoding="utf-8")


def change_the_metadata(options: RunOptions) -> None:
    options.meta.write_text(options.meta.read_text() + "\n# more\n", encoding="utf-8")


def change_the_data(options: RunOptions) -> None:
    np.savez(options.model.parent / "test.npz", X=np.ones((3, 2)), y=np.array([1, 0, 1]))


def change_the_rows_in_the_cache(_: RunOptions) -> None:
    (rows,) = find_home().data.glob("*/test/X.npy")
    rows.write_bytes(rows.read_bytes() + b" ")


def lose_the_rows_in_the_cache(_: RunOptions) -> None:
    (rows,) = find_home().data.glob("*/test/X.npy")
    rows.unlink()


def spoil(change: Callable[[dict[str, Any]], object]) -> Callable[[RunOptions], None]:
    def apply(_: RunOptions) -> None:
        (path,) = find_home().facts.iterdir()
        entry = json.loads(path.read_text())
        change(entry)
        path.write_text(json.dumps(entry))

    return apply


def cut_the_entry(_: RunOptions) -> None:
    (path,) = find_home().facts.iterdir()
    path.write_bytes(path.read_bytes()[:-9])


def test_an_entry_depends_on_the_libraries_and_the_model_s_own_file(options: RunOptions) -> None:
    pipeline.plan(options)
    (path,) = find_home().facts.iterdir()
    files = json.loads(path.read_text())["files"]
    known = {str(Path(folder, name)) for folder, names in files.items() for name in names}
    assert {
        str(options.model),
        np.__file__,
        str(Path(inspection.__file__).parents[1] / "worker" / "inspector.py"),
    } <= known


@pytest.mark.parametrize(
    "change",
    [
        touch_the_plugin,
        change_the_model,
        change_the_metadata,
        change_the_data,
        change_the_rows_in_the_cache,
        lose_the_rows_in_the_cache,
        cut_the_entry,
        spoil(lambda entry: entry.pop("files")),
        spoil(lambda entry: entry.update(files=["x"])),
        spoil(lambda entry: entry.update(files={"/": [7]})),
        spoil(lambda entry: entry.update(answer="yes")),
        spoil(lambda entry: entry.update(answer={})),
        spoil(lambda entry: entry["answer"].pop("model")),
        spoil(lambda entry: entry["answer"].update(test=[])),
    ],
)
def test_what_has_changed_is_inspected_anew(options: RunOptions, change: Callable[[RunOptions], None]) -> None:
    pipeline.plan(options)
    assert pipeline.plan(options).subject.recalled is True
    change(options)
    found = pipeline.plan(options).subject
    assert found.recalled is False
    assert Path(found.test.folder, "X.npy").exists()
    assert pipeline.plan(options).subject.recalled is True


def test_another_environment_is_another_inspection(options: RunOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.plan(options)
    monkeypatch.setenv("CARELABEL_ANYTHING", "1")
    assert pipeline.plan(options).subject.recalled is False


def test_what_failed_is_tried_again(options: RunOptions) -> None:
    options.model.write_text("{", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(CareLabelError):
            pipeline.plan(options)
    assert not find_home().facts.exists()


def test_a_taken_over_answer_gives_no_consent(options: RunOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.plan(options)

    def ask(*_: object, **__: object) -> None:
        msg = "nobody has agreed"
        raise ConsentError(msg)

    monkeypatch.setattr(inspection, "_consent", ask)
    with pytest.raises(ConsentError):
        pipeline.plan(options)


@pytest.mark.parametrize("files", [None, "x", [7], {"/": "x"}, {"/": [0.5]}])
def test_an_answer_without_stamps_is_not_kept(options: RunOptions, tmp_path: Path, files: object) -> None:
    submission = pipeline.plan(options).subject.submission
    known = KnownFacts(find_home().root, submission, [{"id": "another"}])
    known.keep({"backend": "another"}, files, tmp_path)
    assert known.read() is None
    known.keep({"backend": "another"}, {"/nothing/\0here": None, "\ud800": [1, 2, 3]}, tmp_path)
    assert known.read() is None
    known.keep({"backend": "another"}, {"/nothing/here": None}, tmp_path)
    assert known.read() == {"backend": "another"}


def test_a_cache_that_cannot_be_written_ends_nothing(options: RunOptions) -> None:
    find_home().facts.parent.mkdir(parents=True)
    find_home().facts.write_text("not a folder")
    assert [pipeline.plan(options).subject.recalled for _ in range(2)] == [False, False]


def test_another_folder_is_another_inspection(
    options: RunOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pipeline.plan(options)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert pipeline.plan(options).subject.recalled is False


def test_what_stands_first_on_the_import_path_now_is_seen(options: RunOptions, witness: Path) -> None:
    pipeline.plan(options)
    (witness / "colorsys.py").touch()
    assert pipeline.plan(options).subject.recalled is False


READING = """
import time
from pathlib import Path
import witness_code
class Backend(witness_code.Backend):
    def inspect(self, path, data):
        for name in ("there", "missing"):
            try:
                Path(path).with_name(name).read_text()
            except FileNotFoundError:
                pass
        if Path(path).with_name("changes").exists():
            Path(path).with_name("there").write_text("while it was read")
        return super().inspect(path, data)
"""


@pytest.fixture
def reading(options: RunOptions, witness: Path) -> Path:
    """Where the backend now reads files of its own."""
    (witness / "reading_code.py").write_text(READING)
    plugin = witness / "witness_plugin.py"
    plugin.write_text(plugin.read_text().replace("witness_code:Backend", "reading_code:Backend"))
    options.model.with_name("there").write_text("one")
    return options.model.parent


def test_files_that_the_backend_reads_or_looks_for_are_seen(options: RunOptions, reading: Path) -> None:
    pipeline.plan(options)
    assert pipeline.plan(options).subject.recalled is True
    (reading / "there").write_text("two")
    assert pipeline.plan(options).subject.recalled is False
    assert pipeline.plan(options).subject.recalled is True
    (reading / "missing").write_text("found")
    assert pipeline.plan(options).subject.recalled is False


def test_what_was_changed_while_it_was_read_is_not_kept(options: RunOptions, reading: Path) -> None:
    (reading / "changes").touch()
    assert [pipeline.plan(options).subject.recalled for _ in range(2)] == [False, False]


SPEAKING = """
import json, os, sys
import witness_code
class Backend(witness_code.Backend):
    def inspect(self, path, data):
        facts = super().inspect(path, data)
        said = json.loads(os.environ["CARELABEL_SAID"])
        options = json.loads(sys.argv[1])
        os.write(options["answers"], (json.dumps({"id": 1, "ok": True, "result": said}) + "\\n").encode())
        return facts
"""
GOOD = {"backend": "witness.witness", "model": {}, "test": {}, "train": None, "spent": {}}


@pytest.mark.parametrize(
    "said",
    [
        {**GOOD, "test": {"x": 1}},
        {**GOOD, "model": {"input_type": 7}},
        {**GOOD, "files": {"a\0b": [1], "\ud800": None}},
        {**GOOD, "test": {"folder": 7}},
    ],
)
def test_what_a_model_says_for_the_inspector_ends_in_one_line(
    options: RunOptions, witness: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    (witness / "speaking_code.py").write_text(SPEAKING)
    plugin = witness / "witness_plugin.py"
    plugin.write_text(plugin.read_text().replace("witness_code:Backend", "speaking_code:Backend"))
    monkeypatch.setenv("CARELABEL_SAID", json.dumps(said))
    with pytest.raises(CareLabelError, match="could not be loaded"):
        pipeline.plan(options)


TOUCH = """
import json, os, sys, threading, types
from pathlib import Path
from carelabel.worker.touched_files import TouchedFiles
touched = TouchedFiles()
folder = Path(sys.argv[1])
(folder / "read").read_text()
os.close(os.open(os.path.join(folder, "by_number"), os.O_RDONLY))
(folder / "written").write_text("x")
(folder / "passing").write_text("x"); (folder / "passing").read_text(); (folder / "passing").unlink()
(folder / "missing").exists()
try:
    (folder / "not_there").read_text()
except FileNotFoundError:
    pass
Path("/proc/self/stat").read_text()
import colorsys
class Odd(types.ModuleType):
    def __getattribute__(self, name):
        raise RuntimeError(name)
sys.modules["odd"], sys.modules["listed"], sys.modules["number"] = Odd("odd"), types.ModuleType("listed"), 7
sys.modules["listed"].__file__ = ["x"]
print(json.dumps(touched.stamps()))
"""


def test_files_that_were_read_looked_for_or_imported_are_known(tmp_path: Path) -> None:
    for name in ("read", "by_number"):
        (tmp_path / name).touch()
    command = [sys.executable, "-c", TOUCH, str(tmp_path)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    own = {Path(path).name: stamp is not None for path, stamp in found.items() if path.startswith(str(tmp_path))}
    assert own == {"by_number": True, "read": True, "not_there": False}
    assert any(path.endswith("colorsys.py") for path in found)
    assert not any(path.endswith(".pyc") or path.startswith("/proc/") for path in found)
