"""What can be wrong with the default store's file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from carelabel.errors import UsageError
from carelabel.store.tinydb import TinyDBStore
from tests.store.labels import make_label

if TYPE_CHECKING:
    from pathlib import Path

DAMAGED = {
    "half a file": b'{"labels": {"1": {"id": "a", ',
    "an empty file": b"",
    "a list": b"[]",
    "other JSON": b'{"labels": 3}',
    "no text": b"\x80\x81",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("operation", ["get", "query", "put", "delete"])
def test_a_damaged_file_is_one_clear_error_and_is_never_overwritten(
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
        UsageError, match=r"labels.json must be writable, but: .* \(free the place, or set CARELABEL_HOME"
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
