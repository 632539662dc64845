"""``show``, ``history`` and ``schema``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.base.home import find_home
from carelabel.store import open_store
from tests.render.labels import candidate, make_label, measurement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ended, Program

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


def test_history_names_a_damaged_label_and_lists_the_others(program: Program) -> None:
    open_store().put(make_label(id="first"))
    damaged = find_home().store / "labels" / "second.json"
    damaged.write_text("{")
    ended = program("history", "--json")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert str(damaged) in ended.err
    assert [(item["id"], bool(item["problem"])) for item in json.loads(ended.out)] == [
        ("first", False),
        ("second", True),
    ]


def test_history_of_a_damaged_store_of_an_earlier_version_is_an_error(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARELABEL_HOME", str(tmp_path))
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "labels.json").write_text("{")
    ended = program("history")
    assert (ended.code, ended.out) == (2, "")
    assert "labels.json must be a TinyDB file of labels, found: " in ended.err


def test_schema_is_that_of_label_metadata_and_suite(program: Program) -> None:
    both = json.loads(program("schema").out)
    assert set(both) == {"label", "metadata", "suite"}
    assert both["suite"]["$defs"]["Timeouts"]["properties"]["load"]["description"]
    assert json.loads(program("schema", "label").out) == both["label"]
    assert json.loads(program("schema", "metadata").out) == both["metadata"]
    assert "schema" in both["label"]["properties"]
    assert program("schema", "other").code == 2


@pytest.fixture
def stranger(program: Program, tmp_path: Path) -> Callable[..., Ended]:
    """What a command says of a label that somebody else has written."""

    def say(command: str, changes: dict[str, Any], *words: str) -> Ended:
        path = tmp_path / "label.json"
        path.write_text(json.dumps({**make_label(), **changes}))
        return program(command, path, *words)

    return say


@pytest.mark.parametrize("command", ["show", "rate", "recommend"])
def test_no_character_of_a_strangers_label_steers_the_terminal(stranger: Callable[..., Ended], command: str) -> None:
    evil = "x\x1b]52;c;aGk=\x07\x9b2J\u202ey\nz"
    forms = [candidate(evil, parent=None), candidate("wood", status="failed", reason={"code": "x", "text": evil})]
    changes = {
        "subject": {**make_label()["subject"], "name": evil},
        "candidates": forms,
        "measurements": [measurement(evil, evil, 1.0, group=evil, at={evil: evil}, unit=evil, flags=[evil])],
        "platforms": [{"id": evil, "tags": [], "threads": 1}],
        "schema": "1.0",
    }
    for words in ((), ("--json",)):
        said = stranger(command, changes, *words)
        assert said.code in {0, 4}
        assert not set(said.out + said.err) & set("\x1b\x07\x9b\u202e")
    told = stranger("show", {"schema": f"2{evil}"})
    assert (told.code, told.err.count("\n")) == (2, 1)
    assert not set(told.err) & set("\x1b\x07\x9b\u202e")


@pytest.mark.parametrize("command", ["show", "rate", "recommend"])
def test_markup_in_a_strangers_label_is_text(stranger: Callable[..., Ended], command: str) -> None:
    mark = "[/x]"
    figure = measurement("original", mark, 1.0, group=mark, at={mark: mark}, unit=mark)
    total = {"candidate": mark, "platform": mark, "letter": mark}
    changes = {
        "measurements": [figure],
        "ratings": [{**total, "property": mark}],
        "compound": {"scale": {"name": mark, "version": 1}, "of": [total]},
    }
    said = stranger(command, changes)
    assert said.code in {0, 4}, said.err
    assert command != "show" or said.out.count(mark) > 4


POINT = {"platform": "cpu-1t", "batch": 1, "order": [{"candidate": "a", "seconds_per_row": 1.0}], "winner": "a"}


@pytest.mark.parametrize("command", ["show", "rate", "recommend"])
@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"ratings": [{}]}, "ratings.0.candidate: Field required"),
        ({"ratings": [{"candidate": "a", "platform": "b", "property": "c", "letter": 1}]}, "ratings.0.letter"),
        ({"compound": {"of": [{"candidate": "a"}]}}, "compound.of.0.platform: Field required"),
        ({"compound": {"of": [{"candidate": "a", "platform": "b", "letter": "A", "index": None}]}}, "compound.of.0"),
        ({"crossover": [{**POINT, "order": []}]}, "crossover.0.order: List should have at least 1 item"),
        ({"crossover": [{**POINT, "order": [{"candidate": "a", "seconds_per_row": 0}]}]}, "crossover.0.order.0"),
        ({"crossover": [{"platform": "a"}]}, "crossover.0.batch: Field required"),
        ({"texts": {}, "measurements": [{"candidate": "a", "platform": None, "test": "t"}]}, "'quantity'"),
        ({"texts": [], "measurements": 3}, "the label: Value error, what stands once for many rows does not fit"),
        ({"measurements": [measurement("a", "q", 1.0, interval=[1.0])]}, "measurements.0.interval"),
        ({"measurements": [measurement("a", "q", 1.0, level="inf")]}, "measurements.0.level"),
        ({"measurements": [measurement("a", "q", 1.0, n=-1)]}, "measurements.0.n: Input should be greater than or eq"),
        ({"created": "yesterday"}, "created: Value error, a time must be written as ISO 8601 says, got 'yesterday'"),
        ({"data": {}}, "data: Value error, test data must be on it"),
        ({"data": {"test": {"sha256": "d", "rows": 0, "features": 1, "shape": [1]}}}, "data.test.rows"),
    ],
)
def test_a_label_that_does_not_fit_together_is_one_line(
    stranger: Callable[..., Ended], command: str, changes: dict[str, Any], place: str
) -> None:
    said = stranger(command, changes)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert place in said.err


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[" * 300 + "]" * 300, '{"schema": NaN}', '{"schema": "1.0", "n": ' + "1" * 400 + "}"]
)
def test_json_that_no_label_holds_is_one_line(program: Program, tmp_path: Path, text: str) -> None:
    path = tmp_path / "label.json"
    path.write_text(text)
    ended = program("show", path)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "must be a label in JSON, but: " in ended.err


def test_what_a_rating_leaves_out_is_left_out_again() -> None:
    rating = {"candidate": "original", "platform": "cpu-1t", "property": "energy", "letter": "n/a"}
    assert make_label(ratings=[rating])["ratings"] == [rating]


@pytest.mark.parametrize("words", [("--json",), ()], ids=["json", "text"])
def test_halves_of_characters_in_a_strangers_label_can_be_printed(
    program: Program, tmp_path: Path, words: tuple[str, ...]
) -> None:
    document = make_label()
    path = tmp_path / "label.json"
    path.write_text(json.dumps({**document, "subject": {**document["subject"], "name": "half \ud800"}}))
    ended = program("show", path, *words)
    assert (ended.code, ended.err) == (0, "")
    assert "half \ufffd" in ended.out
