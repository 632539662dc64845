"""Which store is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carelabel.base.home import Home
from carelabel.errors import UsageError
from carelabel.plugin.records import ANY, Registered, Store
from carelabel.store import open_store
from carelabel.store.tinydb import TinyDBStore

if TYPE_CHECKING:
    from pathlib import Path


def record(entry: str) -> Registered:
    store = Store(name="shelf", summary="a shelf", entry=entry, tasks=ANY, frameworks=ANY)
    return Registered(id="acme.shelf", record=store, distribution="acme", version="1.0")


def test_tinydb_is_the_default_and_asks_for_no_plugins(tmp_path: Path) -> None:
    def never() -> list[Registered]:
        raise AssertionError

    assert isinstance(open_store(never, Home(root=tmp_path)), TinyDBStore)


def test_a_plugin_s_store_is_made_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELABEL_STORE", "acme.shelf")
    opened = open_store(lambda: [record("pathlib:Path")], Home(root=tmp_path))
    assert str(opened) == str(tmp_path / "store")


def test_an_unknown_store_is_told_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELABEL_STORE", "acme.shelve")
    with pytest.raises(UsageError) as caught:
        open_store(lambda: [record("pathlib:Path")])
    assert str(caught.value) == (
        "CARELABEL_STORE must be one of acme.shelf, tinydb, got 'acme.shelve' (did you mean acme.shelf?)"
    )


def test_a_store_that_cannot_be_imported_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARELABEL_STORE", "acme.shelf")
    with pytest.raises(
        UsageError, match=r"the store acme\.shelf must be importable as no_such_module:Shelf, but: No module"
    ):
        open_store(lambda: [record("no_such_module:Shelf")])
