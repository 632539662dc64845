"""Consent is for content."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from carelabel.base.home import Home
from carelabel.errors import UsageError
from carelabel.model.trust import distrust, is_trusted, trust, trusted_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(root=tmp_path / "home")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(b"a model")
    return path


def test_nothing_is_trusted_at_first(home: Home) -> None:
    assert not is_trusted("a" * 64, home)
    assert trusted_files(home) == ()


def test_a_trusted_file_is_trusted_by_its_content(home: Home, model: Path) -> None:
    file = trust(model, home)
    assert file.sha256 == hashlib.sha256(b"a model").hexdigest()
    assert is_trusted(file.sha256, home)
    assert trusted_files(home) == (file,)
    model.write_bytes(b"b model")
    assert not is_trusted(hashlib.sha256(b"b model").hexdigest(), home)


def test_trusting_twice_keeps_one_entry(home: Home, model: Path) -> None:
    trust(model, home)
    trust(model, home)
    assert len(trusted_files(home)) == 1


@pytest.mark.parametrize("how", ["sha256", "beginning", "path", "a copy"])
def test_a_consent_is_taken_back_by(home: Home, model: Path, tmp_path: Path, how: str) -> None:
    file = trust(model, home)
    copy = tmp_path / "copy"
    copy.write_bytes(b"a model")
    words = {"sha256": file.sha256, "beginning": file.sha256[:8], "path": str(model), "a copy": str(copy)}
    assert distrust(words[how], home) == file
    assert not is_trusted(file.sha256, home)


def test_a_trusted_path_is_found_when_the_file_is_gone(home: Home, model: Path) -> None:
    file = trust(model, home)
    model.unlink()
    assert distrust(str(model), home) == file


def test_a_word_that_fits_two_files_takes_nothing_back(home: Home, model: Path) -> None:
    trust(model, home)
    model.write_bytes(b"b model")
    trust(model, home)
    with pytest.raises(UsageError) as caught:
        distrust(str(model), home)
    assert "but 2 trusted files match" in str(caught.value)
    assert len(trusted_files(home)) == 2


def test_a_word_that_fits_none_is_told(home: Home) -> None:
    with pytest.raises(UsageError) as caught:
        distrust("deadbeef", home)
    assert str(caught.value) == (
        "--remove must name one trusted file, but no trusted files match 'deadbeef' "
        "(carelabel trust --list shows them with their sha256)"
    )


def test_a_file_that_is_not_there_cannot_be_trusted(home: Home, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gone must be a readable file, but: No such file or directory"):
        trust(tmp_path / "gone", home)
    assert not home.root.exists() or trusted_files(home) == ()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"trusted": []}', '{"trusted": {"short": {"path": "/m", "since": ""}}}', '{"trusted": {"a": 1}}'],
)
def test_a_damaged_list_trusts_nothing_and_is_left_alone(home: Home, model: Path, content: str) -> None:
    home.root.mkdir()
    home.trusted.write_text(content)
    for call in (lambda: is_trusted("a" * 64, home), lambda: trust(model, home)):
        with pytest.raises(UsageError, match="must be a list of trusted files"):
            call()
    assert home.trusted.read_text() == content


def test_the_list_is_plain_json(home: Home, model: Path) -> None:
    file = trust(model, home)
    entry = {"path": str(model), "since": file.since}
    assert json.loads(home.trusted.read_text()) == {"trusted": {file.sha256: entry}}
