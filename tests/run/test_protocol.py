"""What a line must be to count as a message, and a result to count as one."""

from __future__ import annotations

from typing import Any

import pytest

from carelabel.process.protocol import decode, encode, objection


@pytest.mark.parametrize("line", [b"", b"7", b"[]", b"{", b'{"a": \xff}', b"[" * 200_000, b'{"a":' * 200_000])
def test_a_line_that_is_no_message_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match="a message must be a JSON object, got "):
        decode(line)


def test_a_message_comes_back() -> None:
    assert decode(encode({"id": 1, "value": float("nan")})) == {"id": 1, "value": "nan"}


@pytest.mark.parametrize(
    ("op", "result", "text"),
    [
        ("setup", {}, "got no points"),
        ("setup", {"points": [1]}, "got points '[1]'"),
        ("turn", {"samples": [0.1]}, "got samples '[0.1]'"),
        ("run", {"measurements": {}}, "got measurements '{}'"),
        ("score pilot", {"rounds": "many", "ended_by": "budget"}, "got rounds 'many'"),
        ("score pilot", {"rounds": 7}, "got no ended_by"),
        ("score summarise", {"measurements": [None]}, "got measurements '[None]'"),
        ("score parity", {}, "got no parity"),
        ("meters", {"sensors": ["x"]}, "got sensors"),
        ("convert", {"artefact": {"path": 3}, "sha256": "a", "bytes": 1}, "got artefact"),
        ("inspect", {"backend": "a", "model": {}, "test": None, "train": None}, "got test 'None'"),
    ],
)
def test_a_result_without_what_the_parent_reads_is_refused(op: str, result: dict[str, Any], text: str) -> None:
    assert objection(op, result).startswith(f"a result of {op!r} must be as the protocol says")
    assert text in objection(op, result)


@pytest.mark.parametrize(
    ("op", "result"),
    [
        ("setup", {"points": []}),
        ("turn", {"samples": {}}),
        ("predict", {}),
        ("hello", {"pid": 7}),
        ("look", {"backend": "a", "model": {}, "test": None, "train": None}),
        ("convert", {"artefact": {"path": "x", "parameters": {}}, "sha256": "a", "bytes": 1}),
    ],
)
def test_a_result_as_it_should_be_is_taken(op: str, result: dict[str, Any]) -> None:
    assert objection(op, result) == ""
