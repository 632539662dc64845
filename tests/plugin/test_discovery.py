"""Plugins are found by entry point, one at a time; a broken one is a problem and costs only itself."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carelabel.errors import UsageError
from carelabel.plugin.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel.plugin.registry import Registry

    Find = Callable[..., Registry]

DISTS = Path(__file__).parents[1] / "dists"

# Folder in tests/dists, code of the problem, and what its text must say.
BROKEN = [
    (
        "import_error",
        "import-failed",
        "must import, got ModuleNotFoundError: No module named 'package_that_nobody_has'",
    ),
    ("exits", "import-failed", "dist_exits must import, got SystemExit: 3"),
    ("missing_module", "import-failed", "No module named 'dist_that_is_not_there'"),
    ("missing_attribute", "import-failed", "AttributeError: module 'dist_missing_attribute' has no attribute 'plugin'"),
    ("wrong_kind", "invalid-record", "carelabel_tests must give Test records, got Metric 'wrong'"),
    ("no_record", "invalid-record", "carelabel_metrics must give Metric records, got dict {'name': 'wrong'}"),
    ("single", "hook-failed", "carelabel_metrics must return a list of records, got TypeError"),
    ("refused_record", "hook-failed", "name must be lower-case letters, digits and hyphens, got 'Wrong Name'"),
    ("not_words", "invalid-record", "wrong: tasks must hold words, got frozenset({7})"),
    ("hook_arguments", "invalid-hook", "a hook must take no arguments"),
    ("unknown_hook", "unknown-hook", "there is no hook carelabel_metric"),
    ("no_hooks", "no-hooks", "at least one hook must be marked with @hookimpl, got none"),
]


def test_a_plugin_is_found_with_everything_it_brings(discover_in: Find) -> None:
    registry = discover_in("good")
    assert list(registry.metrics()) == ["acme.also-wrong", "acme.wrong"]
    assert registry.problems == ()
    (info,) = registry.plugins
    assert (info.name, info.module, info.distribution, info.version) == ("acme", "dist_good", "acme-plugin", "1.0")
    assert (info.status, info.records, info.builtin, info.problem) == ("loaded", 2, False, "")
    assert Path(info.source).name == "good"


@pytest.mark.parametrize(("folder", "code", "text"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_plugin_costs_only_itself(discover_in: Find, folder: str, code: str, text: str) -> None:
    registry = discover_in(folder, "good")
    assert list(registry.metrics()) == ["acme.also-wrong", "acme.wrong"]
    (problem,) = registry.problems
    (broken,) = [info for info in registry.plugins if info.name != "acme"]
    assert problem.code == code
    assert text in problem.text
    assert "\n" not in problem.text
    assert problem.source == f"{broken.name} ({broken.distribution} 1.0)"
    assert problem.hint
    assert (broken.status, broken.records, broken.problem) == ("failed", 0, problem.text)


def test_the_hint_names_the_way_to_switch_it_off(discover_in: Find) -> None:
    (problem,) = discover_in("import_error").problems
    assert problem.hint == "mend or remove acme-broken, or switch it off: --no-plugins broken"


def test_a_misspelt_hook_is_answered_with_the_nearest(discover_in: Find) -> None:
    (problem,) = discover_in("unknown_hook").problems
    assert problem.hint == "did you mean carelabel_metrics?"


def test_one_failing_hook_leaves_the_others(discover_in: Find) -> None:
    registry = discover_in("hook_raises")
    assert list(registry.metrics()) == ["raises.wrong"]
    (problem,) = registry.problems
    assert problem.text == "carelabel_tests must return a list of records, got RuntimeError: no tests today"
    (info,) = registry.plugins
    assert (info.status, info.records) == ("loaded", 1)


def test_a_record_of_a_newer_contract_is_left_out_alone(discover_in: Find) -> None:
    registry = discover_in("too_new")
    assert list(registry.metrics()) == ["new.old"]
    (problem,) = registry.problems
    assert (problem.code, problem.text) == ("too-new", "wrong: api must be at most 1, got 99")
    assert problem.hint == "upgrade carelabel, or install an older version of the plugin"


def test_two_third_parties_with_one_id_are_both_left_out(discover_in: Find) -> None:
    registry = discover_in("clash")
    assert list(registry.metrics()) == ["twin.of-one"]
    assert [problem.code for problem in registry.problems] == ["clash", "clash"]
    expected = (
        "an id must be given once, got twin.wrong 2 times, from twin (acme-one 1.0), twin (acme-two 1.0); "
        "all of them are left out"
    )
    assert {problem.text for problem in registry.problems} == {expected}


def test_a_built_in_record_stays_in_a_clash(discover_in: Find) -> None:
    registry = discover_in("clash", "builtin")
    assert registry.get("twin.wrong").distribution == "carelabel"
    assert registry.get("twin.wrong").builtin
    assert registry.get("twin.of-one").distribution == "acme-one"
    assert [problem.source for problem in registry.problems] == ["twin (acme-one 1.0)", "twin (acme-two 1.0)"]
    assert all(problem.text.endswith("the built-in one stays") for problem in registry.problems)


def test_an_id_given_twice_by_one_plugin_is_left_out(discover_in: Find) -> None:
    registry = discover_in("twice")
    assert list(registry.metrics()) == ["twice.once"]
    (problem,) = registry.problems
    assert problem.text.startswith("an id must be given once, got twice.wrong 2 times, from twice (acme-twice 1.0)")


def test_an_unknown_word_is_a_problem_with_the_nearest_known_one(discover_in: Find) -> None:
    registry = discover_in("unknown_word")
    assert list(registry.metrics()) == ["word.wrong"]
    (problem,) = registry.problems
    assert problem.code == "unknown-word"
    assert (
        problem.text == "every task must be known to the core or brought by a plugin, got 'classifcation' in word.wrong"
    )
    assert problem.hint == "did you mean 'classification'?"


def test_what_a_plugin_prints_does_not_reach_stdout(discover_in: Find, capsys: pytest.CaptureFixture[str]) -> None:
    discover_in("noisy")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "bought nothing\nsold nothing\n"


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_disabled_plugin_is_not_imported(discover_in: Find, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    monkeypatch.delitem(sys.modules, "dist_good", raising=False)
    monkeypatch.setenv("CARELABEL_DISABLE", " acme , exits" if by == "environment" else "")
    disabled = frozenset({"acme", "exits"}) if by == "option" else frozenset()
    registry = discover_in("good", "exits", disabled=disabled)
    assert registry.records == {}
    assert registry.problems == ()
    assert [(info.name, info.status) for info in registry.plugins] == [("acme", "disabled"), ("exits", "disabled")]
    assert "dist_good" not in sys.modules


def test_switching_off_what_is_not_there_is_told(discover_in: Find) -> None:
    (problem,) = discover_in("good", disabled=frozenset({"acne"})).problems
    assert (problem.code, problem.text) == ("unknown-plugin", "a plugin to switch off must be one of acme, got 'acne'")


def test_strict_makes_the_first_problem_an_error(discover_in: Find) -> None:
    with pytest.raises(
        UsageError, match=r"^broken \(acme-broken 1\.0\): dist_import_error must import, got .*--no-plugins"
    ):
        discover_in("good", "import_error", strict=True)


def test_strict_is_content_with_plugins_as_they_should_be(discover_in: Find) -> None:
    assert len(discover_in("good", strict=True).records) == 2


def test_damaged_metadata_costs_only_its_own_distribution(discover_in: Find) -> None:
    registry = discover_in("torn", "good")
    assert len(registry.records) == 2
    (problem,) = registry.problems
    assert (Path(problem.source).name, problem.code) == ("acme_torn-1.0.dist-info", "unreadable")
    assert problem.text.endswith("got ValueError: an entry point must be 'name = module', got 'half a line'")


def test_a_distribution_without_metadata_is_named_by_its_folder(discover_in: Find) -> None:
    (info,) = discover_in("no_metadata").plugins
    assert (info.distribution, info.version, info.records) == ("acme-bare", "1.0", 1)


def test_a_distribution_that_is_on_the_path_twice_is_taken_once(discover_in: Find) -> None:
    registry = discover_in("good", "good")
    assert (len(registry.plugins), len(registry.records), registry.problems) == (1, 2, ())


def test_a_plugin_in_a_zip_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "plugins.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in (DISTS / "good").rglob("*"):
            if path.suffix != ".pyc":
                zipped.write(path, path.relative_to(DISTS / "good"))
    monkeypatch.syspath_prepend(str(archive))
    monkeypatch.delitem(sys.modules, "dist_good", raising=False)
    (info,) = discover(path=[str(archive)]).plugins
    assert (info.name, info.distribution, info.version, info.records) == ("acme", "acme-plugin", "1.0", 2)


def test_extras_and_attributes_of_an_entry_point_are_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "Acme.Odd_Name.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: Acme.Odd_Name\nVersion: 3\n\nName: not this\n")
    (info / "entry_points.txt").write_text("[other]\nx = y\n[carelabel]\n# a comment\nodd = acme_odd:inner [extra]\n")
    (tmp_path / "acme_odd.py").write_text("import dist_good as inner\n")
    monkeypatch.syspath_prepend(str(DISTS / "good"))
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = discover(path=[str(tmp_path)])
    assert list(registry.metrics()) == ["odd.also-wrong", "odd.wrong"]
    assert (registry.plugins[0].distribution, registry.plugins[0].version) == ("acme-odd-name", "3")


def test_nothing_is_kept_between_two_discoveries(discover_in: Find) -> None:
    assert discover_in("good") == discover_in("good")
    assert discover_in("hook_raises").problems == discover_in("hook_raises").problems
