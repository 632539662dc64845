"""The two ways to the kit: a decorator for pytest, and a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carelabel.errors import UsageError
from carelabel.testing import check_plugin, parametrize_with_checks

if TYPE_CHECKING:
    from collections.abc import Callable

DISTS = Path(__file__).parents[1] / "dists"
WORDS = ("signature", "finite", "range", "perfect", "resamples", "deterministic")
TRIAL = """
from carelabel.testing import parametrize_with_checks


@parametrize_with_checks("acme", expected_failed={expected})
def test_conforms(check):
    check()
"""


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a folder of tests/dists on the path, of this process and of its children."""

    def put(folder: str) -> None:
        path = str(DISTS / folder)
        monkeypatch.syspath_prepend(path)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join((path, os.environ.get("PYTHONPATH", ""))))

    return put


def test_the_checks_of_a_plugin_run_in_a_process_of_their_own(install: Callable[[str], None]) -> None:
    install("good")
    before = set(sys.modules)
    results = check_plugin("acme")
    assert not {name for name in set(sys.modules) - before if name.startswith("dist_good.")}
    by_key = {f"{result.about}:{result.check}": result for result in results}
    assert by_key["acme:loads"].status == "passed"
    assert by_key["acme:light-import"].status == "passed"
    assert by_key["acme.wrong:entry"].status == "failed"  # the package names code that it has not
    assert by_key["acme.wrong:entry"].message == "dist_good has no 'score'"


def test_a_plugin_that_imports_much_is_told(install: Callable[[str], None], tmp_path: Path) -> None:
    install("good")
    source = (DISTS / "good" / "dist_good.py").read_text()
    (tmp_path / "dist_good.py").write_text(source.replace("from carelabel", "import numpy\n\nfrom carelabel", 1))
    install(str(tmp_path))
    (result,) = [result for result in check_plugin("acme") if result.check == "light-import"]
    assert result.status == "failed"
    assert result.message.startswith("importing dist_good also imports ")
    assert result.message.endswith("numpy")


def test_a_plugin_that_does_not_load_fails_in_words(install: Callable[[str], None]) -> None:
    install("import_error")
    results = {result.check: result for result in check_plugin("broken")}
    assert results["loads"].status == "failed"
    assert "package_that_nobody_has" in results["loads"].message
    assert results["brings-records"].status == "failed"


def test_a_crash_of_the_checks_is_a_result(install: Callable[[str], None], tmp_path: Path) -> None:
    source = (DISTS / "good" / "dist_good.py").read_text()
    (tmp_path / "dist_good.py").write_text(source + "\n\ndef score(y_true, y_pred):\n    import os\n    os._exit(7)\n")
    install("good")
    install(str(tmp_path))
    results = {f"{result.about}:{result.check}": result for result in check_plugin("acme")}
    died = results["acme.wrong:metric-finite"]
    assert (died.status, died.message) == ("failed", "it ended the process with status 7: no message")
    assert results["acme:loads"].status == "passed"
    assert results["acme.also-wrong:entry"].status == "passed"  # those after it are made all the same


def test_a_check_that_closes_the_descriptors_of_its_process_is_named(
    install: Callable[[str], None], tmp_path: Path
) -> None:
    source = (DISTS / "good" / "dist_good.py").read_text()
    closing = "\n\ndef score(y_true, y_pred):\n    import os\n    os.closerange(0, 50)\n    return 1.0\n"
    (tmp_path / "dist_good.py").write_text(source + closing)
    install("good")
    install(str(tmp_path))
    results = {f"{result.about}:{result.check}": result for result in check_plugin("acme")}
    closed = results["acme.wrong:metric-finite"]
    assert (closed.status, closed.message) == ("failed", "it closed descriptors that are not its own")
    assert results["acme.wrong:entry"].status == "passed"


def test_a_plugin_that_ends_the_process_before_any_check_is_told(
    install: Callable[[str], None], tmp_path: Path
) -> None:
    source = (DISTS / "good" / "dist_good.py").read_text()
    dying = "\n\nimport os, sys\nif sys.argv[0].endswith('carelabel/testing/__main__.py'):\n    os._exit(7)\n"
    (tmp_path / "dist_good.py").write_text(source + dying)
    install("good")
    install(str(tmp_path))
    (result,) = check_plugin("acme")
    assert (result.check, result.status) == ("runs", "failed")
    assert result.message.startswith("it ended the process with status 7")


def test_a_check_that_takes_too_long_is_named(install: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    install("good")

    def hang(command: list[str], **_: object) -> None:
        begun = {"about": "acme", "check": "loads", "sentence": "it must load"}
        Path(command[-2]).write_text(json.dumps({"begun": begun}) + "\n")
        raise subprocess.TimeoutExpired(command, 3.0)

    monkeypatch.setattr(subprocess, "run", hang)
    (result,) = check_plugin("acme", timeout_s=3.0)
    assert (result.check, result.status, result.message) == ("loads", "failed", "it was still running after 3 s")


@pytest.mark.parametrize("way", [check_plugin, parametrize_with_checks])
def test_a_plugin_that_is_not_installed_is_told_with_those_that_are(
    install: Callable[[str], None], way: Callable[[str], object]
) -> None:
    install("good")
    with pytest.raises(UsageError, match=r"a plugin to check must be one of .*acme.*, got 'acne'"):
        way("acne")


def test_an_expected_failure_must_be_a_check_of_the_plugin(install: Callable[[str], None]) -> None:
    install("good")
    with pytest.raises(UsageError, match=r"must name checks of acme as <id>:<check>, got acme.wrong:nonsense"):
        parametrize_with_checks("acme", expected_failed={"acme.wrong:nonsense": "reason"})


def test_each_check_is_a_test_and_an_expected_failure_must_fail(
    install: Callable[[str], None], pytester: pytest.Pytester
) -> None:
    install("good")
    names = [f"acme.{record}" for record in ("wrong", "also-wrong")]
    checks = ["entry", *(f"metric-{word}" for word in WORDS)]
    expected = {f"{name}:{check}": "it has no code" for name in names for check in checks}
    pytester.makepyfile(test_acme=TRIAL.format(expected=expected))
    pytester.runpytest_subprocess().assert_outcomes(passed=9, xfailed=14)
    expected["acme:loads"] = "it does load, so that this is a mistake"
    pytester.makepyfile(test_acme=TRIAL.format(expected=expected))
    pytester.runpytest_subprocess().assert_outcomes(passed=8, xfailed=14, failed=1)
