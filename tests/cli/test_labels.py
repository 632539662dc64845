"""``show``, ``history`` and ``schema``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from carelabel.store import open_store
from tests.render.labels import make_label

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

ID = "20261121T100000-000-aaaaaaaa"


def test_a_label_is_shown_from_its_file(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "label.json"
    path.write_text(json.dumps(make_label()))
    ended = program("show", path)
    assert (ended.code, ended.err) == (0, "")
    assert "a forest [v1]: Forest" in ended.out
    assert json.loads(program("show", path, "--json").out) == make_label()


@pytest.mark.parametrize("word", [ID, ID[:8]])
def test_a_label_is_shown_from_the_store_by_its_id_or_the_beginning_of_it(program: Program, word: str) -> None:
    open_store().put(make_label())
    assert json.loads(program("show", word, "--json").out)["id"] == ID


def test_an_id_that_begins_another_is_still_found(program: Program) -> None:
    open_store().put(make_label(id="abc"))
    open_store().put(make_label(id="abcd"))
    assert json.loads(program("show", "abc", "--json").out)["id"] == "abc"
    ended = program("show", "ab")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "carelabel: error: a label's id must be told from others, but 2 begin with 'ab' "
        "(carelabel history lists them)\n"
    )


def test_an_unknown_id_is_told(program: Program) -> None:
    ended = program("show", "nothing")
    assert ended.code == 2
    assert ended.err == (
        "carelabel: error: a label's id must be one in the store, found none for 'nothing' "
        "(carelabel history lists them)\n"
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "must be a label in JSON, but: Expecting value: line 1 column 1 (char 0) (carelabel run -o writes one)"),
        ("[]", "must be a label, an object with the key 'schema', but it has none (carelabel run -o writes one)"),
        (
            '{"id": 1}',
            "must be a label, an object with the key 'schema', but it has none (carelabel run -o writes one)",
        ),
        ('{"schema": "2.0"}', "must be a label of schema 1.0, got 2.0 (install a carelabel that knows it)"),
        ('{"schema": "1.7"}', ": id: Field required (carelabel schema label describes every field)"),
    ],
)
def test_a_file_that_is_no_label_is_told(program: Program, tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "label.json"
    path.write_text(content)
    ended = program("show", path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"carelabel: error: {path}{'' if text[0] == ':' else ' '}{text}\n"


def test_a_file_that_is_not_there_is_told(program: Program, tmp_path: Path) -> None:
    ended = program("show", tmp_path / "label.json")
    assert (
        ended.err
        == f"carelabel: error: {tmp_path}/label.json must be a readable label, but: No such file or directory\n"
    )


def test_a_later_label_of_the_same_major_version_is_shown_with_what_is_known(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "label.json"
    path.write_text(json.dumps({**make_label(), "schema": "1.9", "news": {"a": 1}}))
    assert json.loads(program("show", path, "--json").out)["news"] == {"a": 1}


def test_history_lists_the_newest_first(program: Program) -> None:
    assert program("history").out == "no labels yet; carelabel run makes one\n"
    open_store().put(make_label(id="first", created="2026-11-20T10:00:00Z"))
    open_store().put(make_label(id="second"))
    assert program("history").out.splitlines() == [
        "ID      CREATED           FORMS  CELLS  FAILED  MODEL",
        "second  2026-11-21 10:00  2      1      1       a forest [v1] (random-forest, classification)",
        "first   2026-11-20 10:00  2      1      1       a forest [v1] (random-forest, classification)",
    ]


def test_history_chooses_by_what_is_on_the_label(program: Program) -> None:
    open_store().put(make_label(id="first"))
    assert [item["id"] for item in json.loads(program("history", "--name", "a forest [v1]", "--json").out)] == ["first"]
    assert json.loads(program("history", "--task", "regression", "--json").out) == []


def test_history_of_a_damaged_store_is_an_error(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARELABEL_HOME", str(tmp_path))
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "labels.json").write_text("{")
    ended = program("history")
    assert (ended.code, ended.out) == (2, "")
    assert "labels.json must be a TinyDB file of labels, found: " in ended.err


def test_schema_is_that_of_label_and_metadata(program: Program) -> None:
    both = json.loads(program("schema").out)
    assert set(both) == {"label", "metadata"}
    assert json.loads(program("schema", "label").out) == both["label"]
    assert json.loads(program("schema", "metadata").out) == both["metadata"]
    assert "schema" in both["label"]["properties"]
    assert program("schema", "other").code == 2
