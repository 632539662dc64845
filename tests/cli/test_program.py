"""Global options, the list of commands, and how every kind of error is told."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from carelabel import __version__
from carelabel.cli.app import COMMANDS, app
from carelabel.cli.plugins import COMMANDS as PLUGIN_COMMANDS
from carelabel.cli.plugins import app as plugins_app
from carelabel.errors import (
    CareLabelError,
    ConsentError,
    InterruptedRunError,
    LoadError,
    RequirementError,
    UsageError,
)

if TYPE_CHECKING:
    from tests.cli.conftest import Program

DISTS = Path(__file__).parent.parent / "dists"


def test_help_lists_every_command_with_its_summary(program: Program) -> None:
    ended = program("--help")
    assert ended.code == 0
    listed = re.findall(r"^  ([a-z-]+)  ", ended.out.partition("Commands:")[2], flags=re.MULTILINE)
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_summary_in_the_list_is_the_beginning_of_the_command_s_own_help(name: str) -> None:
    command = get_command(app).get_command(None, name)
    first = " ".join(command.help.split("\n\n", maxsplit=1)[0].split())
    assert first.rstrip(".").startswith(COMMANDS[name].summary.rstrip("."))


@pytest.mark.parametrize("name", PLUGIN_COMMANDS)
def test_the_same_of_plugins(name: str) -> None:
    command = get_command(plugins_app).get_command(None, name)
    assert command.help.rstrip(".").startswith(PLUGIN_COMMANDS[name].summary.rstrip("."))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(program: Program, name: str) -> None:
    ended = program(name, "--help")
    assert ended.code == 0
    assert ended.out.startswith(f"Usage: carelabel {name} ")


def test_version(program: Program) -> None:
    assert program("--version").out == f"carelabel {__version__}\n"


def test_without_a_command_help_goes_to_stderr(program: Program) -> None:
    ended = program()
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: carelabel")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("rnu",), "there is no command 'rnu' (did you mean run?) (see carelabel --help)"),
        (("list-tests", "--tsk"), "No such option: --tsk (Possible options: --task) (see carelabel list-tests --help)"),
        (("run", "model.pkl"), "Missing option '--meta' / '-m'. (see carelabel run --help)"),
        (("show",), "Missing argument 'FILE|ID'. (see carelabel show --help)"),
        (("plugins", "lst"), "there is no command 'lst' (did you mean list?) (see carelabel plugins --help)"),
        (("trust",), "trust needs one of FILE, --list and --remove (carelabel trust --help shows them)"),
    ],
    ids=str,
)
def test_wrong_usage_is_one_line_and_exit_code_2(program: Program, words: tuple[str, ...], text: str) -> None:
    ended = program(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"carelabel: error: {text}\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError, 2),
        (ConsentError, 2),
        (LoadError, 3),
        (RequirementError, 4),
        (InterruptedRunError, 130),
    ],
)
def test_an_expected_error_is_one_line_and_its_own_exit_code(
    program: Program, monkeypatch: pytest.MonkeyPatch, error: type[CareLabelError], code: int
) -> None:
    def fail() -> None:
        words = "it must be so,\nbut it is not", "do this"
        raise error(*words)

    monkeypatch.setattr("carelabel.cli.trust.trusted_files", fail)
    ended = program("trust", "--list")
    assert (ended.code, ended.err) == (code, "carelabel: error: it must be so, but it is not (do this)\n")


def break_it(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("carelabel.cli.trust.trusted_files", fail)


def test_an_unexpected_error_is_one_line_that_says_where_the_traceback_is(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch, ZeroDivisionError("by\nzero"))
    ended = program("trust", "--list")
    found = re.fullmatch(
        r"carelabel: error: unexpected ZeroDivisionError: by zero \(this is a bug; the traceback is in (.+)\)\n",
        ended.err,
    )
    assert ended.code == 70
    assert found
    text = Path(found[1]).read_text(encoding="utf-8")
    assert "arguments: ['trust', '--list']" in text
    assert text.endswith("ZeroDivisionError: by\nzero\n")


def test_debug_shows_the_traceback(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it(monkeypatch, ZeroDivisionError("by zero"))
    with pytest.raises(ZeroDivisionError):
        program("--debug", "trust", "--list")


def test_a_traceback_that_cannot_be_written_is_told(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CARELABEL_HOME", str(tmp_path / "file"))
    break_it(monkeypatch, ZeroDivisionError("by zero"))
    ended = program("trust", "--list")
    assert ended.code == 70
    assert "--debug shows the traceback; it could not be written to" in ended.err
    assert ended.err.count("\n") == 1


def test_a_home_of_nobody_is_one_line(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELABEL_HOME", "~nobody-of-that-name/x")
    ended = program("trust", "--list")
    assert ended.code == 2
    assert ended.err == (
        "carelabel: error: CARELABEL_HOME must be a folder, got '~nobody-of-that-name/x', and nobody knows whose home "
        "that is (write the whole path)\n"
    )
    break_it(monkeypatch, ZeroDivisionError("by zero"))
    ended = program("trust", "--list")
    assert (ended.code, ended.err.count("\n")) == (70, 1)
    assert "--debug shows the traceback; it could not be written: CARELABEL_HOME must be a folder" in ended.err


def test_a_working_directory_that_is_gone_is_one_line(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    ended = program("plan", "model.pkl", "--meta", "meta.yaml")
    assert (ended.code, ended.err) == (
        2,
        "carelabel: error: the working directory must exist, but it has been removed (change to another one)\n",
    )


@pytest.mark.parametrize("words", [("show",), ("plan", "--meta", "meta.yaml")], ids=lambda words: words[0])
def test_a_path_that_no_system_takes_is_one_line(program: Program, words: tuple[str, ...]) -> None:
    ended = program(*words, "a" * 5000)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert ended.err.startswith("carelabel: error: a path must be short enough for this system, found one of 5")
    assert len(ended.err) < 300


def test_a_line_has_an_end(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it(monkeypatch, LoadError("M" * 1_000_000))
    ended = program("trust", "--list")
    assert ended.code == 3
    assert ended.err.endswith("... (996000 more characters)\n")
    assert len(ended.err) < 4100


def test_ctrl_c_is_exit_code_130(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it(monkeypatch, KeyboardInterrupt())
    ended = program("trust", "--list")
    assert (ended.code, ended.err) == (130, "carelabel: error: interrupted\n")


def test_a_reader_that_goes_away_is_no_bug(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it(monkeypatch, BrokenPipeError(errno.EPIPE, "Broken pipe"))
    with pytest.raises(SystemExit) as ended:
        program("trust", "--list")
    assert ended.value.code == 1


@pytest.mark.parametrize("word", ["--help", "list-tests"])
def test_a_full_disk_behind_stdout_is_no_bug(word: str) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "carelabel", word], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 2
    assert ended.stderr == (
        "carelabel: error: standard output must take all that is printed, "
        "found: No space left on device (make room for it)\n"
    )


def test_a_plugin_s_problem_is_told_beside_the_list(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DISTS / "import_error")
    ended = program("list-tests")
    assert ended.code == 0
    assert ended.err == "carelabel: 1 problem with plugins (carelabel plugins list shows all)\n"


def test_strict_plugins_makes_it_an_error(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DISTS / "import_error")
    ended = program("--strict-plugins", "list-tests")
    assert (ended.code, ended.out) == (2, "")
    assert "dist_import_error must import" in ended.err


def test_no_plugins_switches_one_off(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DISTS / "good")
    assert "acme.wrong" in program("list-metrics").out
    assert "acme.wrong" not in program("--no-plugins", "acme", "list-metrics").out
