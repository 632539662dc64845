"""The journal: what has been appended is there after any end of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carelabel.errors import UsageError
from carelabel.execute.journal import Journal, read_journal
from carelabel.plan.outcomes import Built, Outcome, Reason

if TYPE_CHECKING:
    from pathlib import Path


def outcome(test: str, **changes: object) -> Outcome:
    fields = {"candidate": "original", "platform": None, "test": test, "status": "measured", **changes}
    return Outcome(**fields)  # type: ignore[arg-type]  # fields of a test


def write(path: Path) -> None:
    journal = Journal(path, "f" * 64)
    journal.built(Built(candidate="original", status="built", bytes=7))
    journal.cells([outcome("a.b", measurements=({"quantity": "x", "value": "nan"},))])
    journal.cells([outcome("a.c"), outcome("a.d", status="failed", reason=Reason(code="c", text="t"))])
    journal.close()


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path)
    entries = read_journal(path)
    assert entries.plan_sha256 == "f" * 64
    assert entries.built["original"].bytes == 7
    assert set(entries.cells) == {("original", None, test) for test in ("a.b", "a.c", "a.d")}
    assert entries.cells["original", None, "a.d"].reason == Reason(code="c", text="t")
    assert not entries.finished
    assert not entries.torn


def test_a_journal_cut_at_any_byte_is_readable_and_goes_on(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    write(whole)
    content = whole.read_bytes()
    first_line = content.index(b"\n") + 1
    for length in range(first_line, len(content) + 1):
        path = tmp_path / f"{length}.jsonl"
        path.write_bytes(content[:length])
        entries = read_journal(path)
        assert entries.torn == (content[length - 1 : length] != b"\n")
        journal = Journal(path, "f" * 64)
        journal.cells([outcome("a.z")])
        journal.finish()
        journal.close()
        again = read_journal(path)
        assert again.finished
        assert set(again.cells) == {*entries.cells, ("original", None, "a.z")}


def test_outcomes_of_a_block_count_together_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path)
    path.write_bytes(path.read_bytes()[:-5])
    assert set(read_journal(path).cells) == {("original", None, "a.b")}


def test_the_last_of_several_outcomes_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path)
    journal = Journal(path, "f" * 64)
    journal.cells([outcome("a.b", status="crashed")])
    journal.close()
    assert read_journal(path).cells["original", None, "a.b"].status == "crashed"


@pytest.mark.parametrize("content", [b"", b"no json\n", b"[]\n", b'{"kind": "plan"}\n'])
def test_a_file_that_is_no_journal_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"must be a journal of JSON lines.*\(run again without --resume\)"):
        read_journal(path)
