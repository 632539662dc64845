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
from carelabel.errors import CareLabelError, ConsentError
from carelabel.home import find_home
from carelabel.options import RunOptions
from carelabel.run import inspection
from carelabel.run.known_facts import KnownFacts

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
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


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
    assert {str(options.model), np.__file__, str(Path(inspection.__file__).with_name("ops_inspect.py"))} <= known


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
        spoil(lambda entry: entry.update(stamp="0")),
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


@pytest.mark.parametrize("files", [None, "x", [7], ["/nothing/here"]])
def test_an_answer_without_the_files_it_depends_on_is_not_kept(options: RunOptions, files: object) -> None:
    submission = pipeline.plan(options).subject.submission
    known = KnownFacts(find_home().root, submission, [{"id": "another"}])
    known.keep({"backend": "another", "model": {}, "test": None, "train": None}, files)
    assert known.read() is None


TOUCH = """
import json, os, sys
from pathlib import Path
from carelabel.run.touched_files import TouchedFiles
touched = TouchedFiles()
Path(sys.argv[1], "read").read_text()
os.close(os.open(os.path.join(sys.argv[1], "by_number"), os.O_RDONLY))
Path(sys.argv[1], "written").write_text("x")
Path(sys.argv[1], "gone").read_text(); Path(sys.argv[1], "gone").unlink()
Path("/proc/self/stat").read_text()
import colorsys
print(json.dumps(touched.paths()))
"""


def test_files_that_were_read_or_imported_are_known(tmp_path: Path) -> None:
    for name in ("read", "by_number", "gone"):
        (tmp_path / name).touch()
    done = subprocess.run([sys.executable, "-c", TOUCH, str(tmp_path)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    own = [Path(path).name for path in found if path.startswith(str(tmp_path))]
    assert own == ["by_number", "read"]
    assert any(path.endswith("colorsys.py") for path in found)
    assert not any(path.endswith(".pyc") or path.startswith("/proc/") for path in found)
