"""What a worker says of an exception can be written, and is no longer than a line may be."""

from __future__ import annotations

import pytest

from carelabel.errors import LoadError, UsageError
from carelabel.process.exit_status import failure
from carelabel.process.refusal import LONGEST, describe
from tests.run.test_rounds import LOG


class SpeechlessError(Exception):
    def __str__(self) -> str:
        msg = "no words"
        raise RuntimeError(msg)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("M" * 1_000_000),
        LoadError("M" * 1_000_000, "N" * 1_000_000),
        UsageError("short", "N" * 1_000_000),
    ],
    ids=lambda error: type(error).__name__,
)
def test_it_is_cut_and_says_so(error: Exception) -> None:
    told = describe(error)
    assert all(len(told[part]) < LONGEST + 40 for part in ("message", "hint"))
    assert any(told[part].endswith(" more characters)") for part in ("message", "hint"))


def test_halves_of_characters_are_escaped() -> None:
    assert describe(ValueError("a file \udcff"))["message"] == "ValueError: a file \\udcff"
    assert describe(LoadError("a file \udcff", "see \ud800"))["hint"] == "see \\ud800"


def test_it_is_one_line_whatever_the_class_is_called() -> None:
    odd = type("X\n[red]", (Exception,), {})
    assert describe(odd("a\nb"))["message"] == "X [red]: a b"


def test_an_exception_that_cannot_say_anything_is_told_all_the_same() -> None:
    message = describe(SpeechlessError())["message"]
    assert message == "SpeechlessError: (its text cannot be had: RuntimeError)"


def test_the_parent_holds_the_same_of_what_came_through_the_pipe() -> None:
    reason = failure({"message": "\ud800" + "M" * 1_000_000, "code": "exception"}, LOG).reason
    assert reason.text.startswith("\\ud800MMM")
    assert len(reason.text) < LONGEST + 40
