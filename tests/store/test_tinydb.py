"""What can be wrong with the default store's files."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from carelabel.errors import UsageError
from carelabel.store.tinydb import TinyDBStore
from tests.store.labels import make_label

if TYPE_CHECKING:
    from pathlib import Path

    from carelabel.store import LabelStore

DAMAGED = {
    "half a file": b'{"labels": {"1": {"id": "a", ',
    "an empty file": b"",
    "a list": b"[]",
    "other JSON": b'{"labels": 3}',
    "no text": b"\x80\x81",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("operation", ["get", "query", "put", "delete"])
def test_a_damaged_file_of_an_earlier_version_is_one_clear_error_and_is_never_overwritten(
    tmp_path: Path, content: bytes, operation: str
) -> None:
    path = tmp_path / "labels.json"
    path.write_bytes(content)
    store = TinyDBStore(tmp_path)
    calls = {
        "get": lambda: store.get("a"),
        "query": store.query,
        "put": lambda: store.put(make_label()),
        "delete": lambda: store.delete("a"),
    }
    with pytest.raises(UsageError) as caught:
        calls[operation]()
    assert str(caught.value).startswith(f"{path} must be a TinyDB file of labels, found")
    assert "nothing was changed" in str(caught.value)
    assert path.read_bytes() == content


def test_reading_makes_no_file(tmp_path: Path) -> None:
    assert TinyDBStore(tmp_path / "store").query() == []
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, where a folder should be")
    with pytest.raises(
        UsageError, match=r"index.json must be writable, but: .* \(free the place, or set CARELABEL_HOME"
    ):
        TinyDBStore(tmp_path / "home" / "store").put(make_label())


def test_a_read_only_home_can_still_be_read(tmp_path: Path) -> None:
    store = TinyDBStore(tmp_path)
    store.put(make_label("a"))
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write everywhere")
    try:
        assert store.get("a")["id"] == "a"
        with pytest.raises(UsageError, match="must be writable, but: Permission denied"):
            store.put(make_label("b"))
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = TinyDBStore(tmp_path)
    store.put(make_label("a"))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="must be writable, but: No space left on device"):
        store.put(make_label("b"))
    monkeypatch.undo()
    assert [summary.id for summary in store.query()] == ["a"]


def ids(store: LabelStore) -> list[str]:
    return sorted(summary.id for summary in store.query())


def test_inserting_touches_no_other_label(tmp_path: Path) -> None:
    store = TinyDBStore(tmp_path)

    def seen() -> dict[str, tuple[int, int]]:
        found = {path.name: path.stat() for path in (tmp_path / "labels").iterdir()}
        return {name: (status.st_ino, status.st_mtime_ns) for name, status in found.items()}

    for number in range(5):
        store.put(make_label(f"label-{number}"))
    before = seen()
    store.put(make_label("label-5"))
    after = seen()
    assert after.pop("label-5.json")
    assert after == before


def test_a_list_reads_no_label_that_is_in_the_index(tmp_path: Path) -> None:
    store = TinyDBStore(tmp_path)
    store.put(make_label("a"))
    (tmp_path / "labels" / "a.json").write_text("{")
    assert [(item.id, item.name, item.problem) for item in store.query()] == [("a", "a forest", "")]


@pytest.mark.parametrize(
    "content",
    [None, *DAMAGED.values(), b"{}", b'{"labels": {"1": {"id": "a"}}}', b'{"labels": {"x": {}}}'],
    ids=["none", *DAMAGED, "no table", "half a row", "no number"],
)
def test_a_missing_or_damaged_index_is_rebuilt_from_the_files(tmp_path: Path, content: bytes | None) -> None:
    store, index = TinyDBStore(tmp_path), tmp_path / "index.json"
    store.put(make_label("a"))
    store.put(make_label("b"))
    before = store.query()
    index.unlink()
    if content is not None:
        index.write_bytes(content)
    assert store.query() == before
    store.put(make_label("c"))
    rows = json.loads(index.read_text())["labels"].values()
    assert sorted(row["id"] for row in rows) == ["a", "b", "c"] == ids(store)


def test_the_index_follows_files_that_came_or_went(tmp_path: Path) -> None:
    store = TinyDBStore(tmp_path)
    store.put(make_label("a"))
    (tmp_path / "labels" / "a.json").unlink()
    (tmp_path / "labels" / "b.json").write_text(json.dumps(make_label("b")))
    assert ids(store) == ["b"]
    store.put(make_label("c"))
    assert ids(store) == ["b", "c"]


@pytest.mark.parametrize("content", ["{", "[]", '{"id": "other"}', '{"id": "bad", "subject": 3}'])
def test_a_damaged_label_is_named_and_the_others_are_listed(tmp_path: Path, content: str) -> None:
    store, path = TinyDBStore(tmp_path), tmp_path / "labels" / "bad.json"
    store.put(make_label("a"))
    path.write_text(content)
    store.put(make_label("b"))
    found = {item.id: item.problem for item in store.query()}
    assert sorted(found) == ["a", "b", "bad"]
    assert str(path) in found["bad"]
    assert "\n" not in found["bad"]
    assert (found["a"], found["b"]) == ("", "")
    path.write_text(json.dumps(make_label("bad")))
    assert {item.problem for item in store.query()} == {""}
    path.write_text(content)
    store.delete("bad")
    assert ids(store) == ["a", "b"]


def test_getting_a_damaged_label_names_its_file(tmp_path: Path) -> None:
    store = TinyDBStore(tmp_path)
    store.put(make_label("a"))
    path = tmp_path / "labels" / "a.json"
    path.write_text("{")
    with pytest.raises(UsageError) as caught:
        store.get("a")
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("identifier", ["../outside", ".", "..", "/root", "a b", "a%20b", "ü", "a\0b"])
def test_any_id_is_a_file_in_the_folder_of_labels(tmp_path: Path, identifier: str) -> None:
    store = TinyDBStore(tmp_path / "store")
    store.put(make_label(identifier))
    assert store.get(identifier)["id"] == identifier
    assert ids(store) == [identifier]
    assert len(list((tmp_path / "store" / "labels").iterdir())) == 1
    store.delete(identifier)
    assert list((tmp_path / "store" / "labels").iterdir()) == []


@pytest.mark.parametrize("operation", ["get", "query", "put", "delete"])
def test_labels_of_an_earlier_version_are_moved_to_their_files_once(tmp_path: Path, operation: str) -> None:
    old = tmp_path / "labels.json"
    content = {"labels": {"1": make_label("a"), "2": make_label("b")}}
    old.write_text(json.dumps(content))
    store = TinyDBStore(tmp_path)
    calls = {
        "get": lambda: store.get("a"),
        "query": store.query,
        "put": lambda: store.put(make_label("a")),
        "delete": lambda: store.delete("b"),
    }
    calls[operation]()
    assert ids(store) == (["a"] if operation == "delete" else ["a", "b"])
    assert store.get("a") == make_label("a")
    assert not old.exists()
    assert json.loads((tmp_path / "labels.json.moved").read_text()) == content


def test_a_replacement_that_was_cut_short_leaves_no_summary_of_the_earlier_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TinyDBStore(tmp_path)
    store.put(make_label("a", created="old"))
    replace = type(tmp_path).replace

    def full(path: Path, target: Path) -> Path:
        if target.name == "index.json" and json.loads((tmp_path / "labels" / "a.json").read_text())["created"] == "new":
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(type(tmp_path), "replace", full)
    with pytest.raises(UsageError):
        store.put(make_label("a", created="new"))
    assert [item.created for item in store.query()] == ["new"]
