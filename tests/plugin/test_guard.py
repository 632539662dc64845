"""A plugin that ends the program while it is imported is named and left out at the next start; ctrl-C names it, too."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from carelabel.base import linux
from carelabel.base.home import find_home
from carelabel.errors import EXIT_INTERRUPTED, InterruptedImportError
from carelabel.plugin.discovery import discover
from carelabel.plugin.guard import left_note, noted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from carelabel.plugin.registry import Registry

TITLE = "bad (acme-bad 1.0)"
DISCOVER = "import sys; from carelabel.plugin.discovery import discover; discover(path=[sys.argv[1]])"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Install a plugin with this code; gives its folder."""

    def put(code: str) -> Path:
        info = tmp_path / "acme_bad-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-bad\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[carelabel]\nbad = acme_bad\n")
        (tmp_path / "acme_bad.py").write_text(code)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "acme_bad", raising=False)
        return tmp_path

    return put


def found(folder: Path) -> Registry:
    return discover(path=[str(folder)])


def test_a_plugin_that_took_the_program_down_is_left_out_until_its_note_is_removed(
    install: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install("import os\nos._exit(7)\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    for _ in range(2):
        ended = subprocess.run([sys.executable, "-c", DISCOVER, str(folder)], check=False)
        assert ended.returncode == 7
    note, _ = sorted(find_home().importing.iterdir())
    registry = found(folder)
    (problem,) = registry.problems
    assert (problem.source, problem.code) == (TITLE, "took-program-down")
    assert problem.text == "acme_bad took the program down the last two times it was imported, so it is left out"
    assert problem.hint == f"mend or remove acme-bad; it is imported again once {note} is removed"
    assert registry.plugins[0].status == "failed"
    install("")
    note.unlink()
    assert [item.code for item in found(folder).problems] == ["no-hooks"]
    assert not find_home().importing.exists()


def test_a_program_that_was_killed_while_it_imported_tries_the_plugin_again(install: Callable[[str], Path]) -> None:
    folder = install("")
    find_home().importing.mkdir(parents=True)
    (find_home().importing / "1-1").write_text(TITLE)
    assert [item.code for item in found(folder).problems] == ["no-hooks"]
    assert not find_home().importing.exists()


def test_another_version_is_imported_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELABEL_HOME", str(tmp_path))
    find_home().importing.mkdir()
    for name in ("1-1", "2-2"):
        (find_home().importing / name).write_text(TITLE)
    assert left_note(TITLE) == find_home().importing / "1-1"
    assert left_note("bad (acme-bad 1.1)") is None


def test_a_note_of_a_program_that_still_imports_says_nothing() -> None:
    with noted(TITLE):
        (note,) = find_home().importing.iterdir()
        assert note.read_text() == TITLE
        assert left_note(TITLE) is None  # it is locked
    assert not find_home().importing.exists()


def test_a_home_that_is_not_there_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELABEL_HOME", str(tmp_path / "home"))
    with noted(TITLE):
        assert find_home().importing.is_dir()
    assert not (tmp_path / "home").exists()


def test_where_no_note_can_be_written_plugins_are_imported_all_the_same(
    install: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CARELABEL_HOME", str(tmp_path / "file"))
    assert [item.code for item in found(install("")).problems] == ["no-hooks"]


def test_where_files_cannot_be_locked_a_note_would_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "lock", lambda *_, **__: None)
    with noted(TITLE):
        assert left_note(TITLE) is None


@pytest.mark.parametrize(
    "code",
    [
        "raise KeyboardInterrupt\n",
        "from carelabel import hookimpl\n\n\n@hookimpl\ndef carelabel_tests():\n    raise KeyboardInterrupt\n",
    ],
    ids=["import", "hook"],
)
def test_an_interrupt_that_nobody_sent_is_the_plugin_s_own_problem(install: Callable[[str], Path], code: str) -> None:
    (problem,) = found(install(code)).problems
    assert problem.code == "import-failed"
    assert problem.text == "acme_bad must import, got KeyboardInterrupt, which only the user may cause"


def test_ctrl_c_names_the_plugin_that_is_being_imported(install: Callable[[str], Path]) -> None:
    folder = install("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(600)\n")
    with pytest.raises(InterruptedImportError) as caught:
        found(folder)
    assert caught.value.exit_code == EXIT_INTERRUPTED
    assert str(caught.value) == (
        f"interrupted while the plugin {TITLE} was imported (if it hangs, leave it out: --no-plugins bad)"
    )
    assert not find_home().importing.exists()


def test_a_problem_s_text_can_be_written_and_is_short(install: Callable[[str], Path]) -> None:
    (problem,) = found(install("raise ValueError('half \\ud800' + 'M' * 1_000_000)\n")).problems
    assert problem.text.startswith("acme_bad must import, got ValueError: half \\ud800MMM")
    assert len(problem.text.encode()) < 1000
