"""What every store must do."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carelabel.errors import UsageError
from carelabel.store import LabelNotFoundError, LabelStore
from tests.store.labels import make_label

if TYPE_CHECKING:
    from collections.abc import Sequence

WRITER = Path(__file__).parent / "writer.py"
KILLS = 6


def start_writer(entry: str, folder: Path, prefix: str, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), entry, str(folder), prefix, str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ids(store: LabelStore) -> set[str]:
    return {summary.id for summary in store.query()}


def test_what_is_put_comes_back_equal(store: LabelStore) -> None:
    label = make_label()
    assert store.put(label) == label["id"]
    assert store.get(label["id"]) == label


def test_a_label_of_the_same_id_takes_the_place_of_the_earlier_one(store: LabelStore) -> None:
    store.put(make_label("a", problems=["old"]))
    store.put({"id": "a", "created": "new"})
    assert store.get("a") == {"id": "a", "created": "new"}
    assert len(store.query()) == 1


def test_a_changed_copy_does_not_change_what_is_kept(store: LabelStore) -> None:
    store.put(make_label("a"))
    store.get("a")["subject"]["name"] = "changed"
    assert store.get("a")["subject"]["name"] == "a forest"


def test_a_label_without_an_id_is_refused(store: LabelStore) -> None:
    with pytest.raises(UsageError, match=r"^a label must have an id to be kept, found None$"):
        store.put({"created": ""})
    assert store.query() == []


def test_an_empty_store_has_no_labels(store: LabelStore) -> None:
    assert store.query() == []
    with pytest.raises(LabelNotFoundError, match="found none for 'a'"):
        store.get("a")


def test_a_summary_says_what_is_on_the_label(store: LabelStore) -> None:
    store.put(make_label("a"))
    (summary,) = store.query()
    assert (summary.id, summary.name, summary.family, summary.task) == (
        "a",
        "a forest",
        "random-forest",
        "classification",
    )
    assert (summary.candidates, summary.measured, summary.unfinished) == (1, 2, 1)


def test_labels_are_listed_newest_first(store: LabelStore) -> None:
    for identifier, created in (("b", "2026-02"), ("c", "2026-03"), ("a", "2026-01")):
        store.put(make_label(identifier, created=created))
    assert [summary.id for summary in store.query()] == ["c", "b", "a"]


def test_filters_choose_by_equality_and_all_must_hold(store: LabelStore) -> None:
    store.put(make_label("a"))
    store.put(make_label("b", subject={**make_label()["subject"], "name": "another"}))
    assert [summary.id for summary in store.query(name="another")] == ["b"]
    assert store.query(name="another", task="regression") == []


def test_an_unknown_filter_is_refused(store: LabelStore) -> None:
    with pytest.raises(UsageError, match=r"labels can be chosen by id, created, name, .*, got 'colour'"):
        store.query(colour="red")


def test_what_is_deleted_is_gone_and_the_rest_stays(store: LabelStore) -> None:
    store.put(make_label("a"))
    store.put(make_label("b"))
    store.delete("a")
    assert ids(store) == {"b"}
    with pytest.raises(LabelNotFoundError):
        store.delete("a")


def test_two_writers_side_by_side_lose_nothing(store: LabelStore, entry: str, tmp_path: Path) -> None:
    writers = [start_writer(entry, tmp_path, prefix, 20) for prefix in ("left", "right")]
    assert [writer.communicate()[0].count("\n") for writer in writers] == [20, 20]
    assert ids(store) == {f"{prefix}-{number}" for prefix in ("left", "right") for number in range(20)}
    assert all(store.get(identifier)["padding"] == "x" * 2000 for identifier in ("left-0", "right-19"))


def test_a_killed_writer_loses_nothing_that_it_was_told_is_kept(store: LabelStore, entry: str, tmp_path: Path) -> None:
    kept: set[str] = set()
    for number in range(KILLS):
        kept |= set(killed_writer(entry, tmp_path, f"w{number}", after=random.Random(number).randint(1, 8)))
        assert kept <= ids(store)
    store.put(make_label("afterwards"))
    assert "afterwards" in ids(store)


def killed_writer(entry: str, folder: Path, prefix: str, after: int) -> Sequence[str]:
    """Ids that a writer had acknowledged when it was killed in the middle of its next label."""
    with start_writer(entry, folder, prefix, 10_000) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(after)]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    return [line.strip() for line in lines if line.endswith("\n")]
