"""The program in this process, with what it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from carelabel.cli.app import main


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class Program(Protocol):
    def __call__(self, *words: Any) -> Ended: ...


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setenv("COLUMNS", "100")

    def call(*words: Any) -> Ended:
        capsys.readouterr()
        code = main([str(word) for word in words])
        text = capsys.readouterr()
        return Ended(code, text.out, text.err)

    return call
