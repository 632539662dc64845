"""Where carelabel keeps its things."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import pytest

from carelabel.base.home import find_home, locked, replace_file
from carelabel.errors import UsageError

if TYPE_CHECKING:
    from carelabel.base.home import Home


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CARELABEL_HOME", str(tmp_path))
    home: Home = find_home()
    assert home.root == tmp_path
    folders = (home.data, home.artefacts, home.runs, home.store, home.trusted)
    shown = [folder.relative_to(tmp_path).as_posix() for folder in folders]
    assert shown == ["cache/data", "cache/artefacts", "runs", "store", "trusted.json"]


def test_a_relative_folder_and_a_tilde_are_resolved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARELABEL_HOME", "here")
    assert find_home().root == tmp_path / "here"
    monkeypatch.setenv("CARELABEL_HOME", "~/there")
    assert find_home().root == Path.home() / "there"


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_system_s_place_is_taken(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("CARELABEL_HOME")
    if value is not None:
        monkeypatch.setenv("CARELABEL_HOME", value)
    assert find_home().root.name == "carelabel"
    assert find_home().root.is_absolute()


def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and long")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_lock_that_another_holds_is_waited_for_and_then_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carelabel.base.home.LOCK_WAIT_S", 0.05)
    path = tmp_path / "file"
    with (
        filelock.FileLock(tmp_path / "file.lock"),
        pytest.raises(UsageError, match=r"has held .*file.lock for 0.05 s"),
        locked(path),
    ):
        pass
