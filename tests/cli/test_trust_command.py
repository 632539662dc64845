"""``carelabel trust``."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

SHA256 = hashlib.sha256(b"a model").hexdigest()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(b"a model")
    return path


def test_trusting_says_what_it_means_and_how_to_take_it_back(program: Program, model: Path) -> None:
    ended = program("trust", model)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        f"trusted: {model}\n"
        f"sha256: {SHA256}\n"
        "Loading this file can run any code that is stored in it, with all your rights. From now on\n"
        "carelabel loads exactly this content without asking; if one byte of it changes, it asks again.\n"
        f"To take it back: carelabel trust --remove {SHA256[:12]}\n"
    )


def test_what_is_trusted_can_be_listed_and_removed(program: Program, model: Path) -> None:
    assert program("trust", "--list").out == "no file is trusted\n"
    program("trust", model)
    listed = json.loads(program("trust", "--list", "--json").out)
    assert [(item["sha256"], item["path"]) for item in listed] == [(SHA256, str(model))]
    assert program("trust", "--list").out.splitlines()[1].split()[0] == SHA256[:12]
    assert program("trust", "--remove", SHA256[:12]).out == f"no longer trusted: {model}\nsha256: {SHA256}\n"
    assert json.loads(program("trust", "--list", "--json").out) == []


@pytest.mark.parametrize("words", [(), ("--list", "--remove", "x"), ("file", "--list")])
def test_one_thing_at_a_time(program: Program, words: tuple[str, ...]) -> None:
    ended = program("trust", *words)
    assert ended.code == 2
    assert "trust needs one of FILE, --list and --remove" in ended.err
