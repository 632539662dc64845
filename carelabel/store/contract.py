"""The contract of a store, which `tests/store/test_contract.py` holds every store to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from carelabel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class LabelNotFoundError(UsageError):
    """The store holds no label of that id."""

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"a label's id must be one in the store, found none for {wanted!r}", "carelabel history lists them"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """One label in a list.

    Attributes:
        created: UTC, ISO 8601.
        name, task, framework, family, sha256: Of the submitted model.
        candidates: Number of candidates that were built.
        measured, unfinished: Number of cells that were measured, and that failed, crashed or timed out.
        problem: Why the label cannot be read, naming where it is; empty if it can. Such a summary has but an id.
    """

    id: str
    created: str
    name: str
    task: str
    framework: str
    family: str
    sha256: str
    candidates: int
    measured: int
    unfinished: int
    problem: str = ""


class LabelStore(Protocol):
    """Labels by their id, for many processes at once.

    What `put` has returned survives the death of the process and of the machine. A store that cannot be read or
    written raises `UsageError` and is left as it is.
    """

    def put(self, label: Mapping[str, Any]) -> str:
        """Keep a label, in the place of an earlier one of the same id, and give its id.

        Raises:
            UsageError: If it has no id, or cannot be written.
        """

    def get(self, identifier: str) -> dict[str, Any]:
        """The label of this id, equal to what was put.

        Raises:
            LabelNotFoundError: If there is none.
        """

    def query(self, **filters: str) -> list[Summary]:
        """Labels whose summary has all the given values, newest first; filters are text fields of `Summary`.

        Raises:
            UsageError: If there is no such field.
        """

    def delete(self, identifier: str) -> None:
        """Forget a label.

        Raises:
            LabelNotFoundError: If there is none.
        """


def identifier_of(label: Mapping[str, Any]) -> str:
    """The id that a label is kept under.

    Raises:
        UsageError: If it has none.
    """
    found = label.get("id")
    if isinstance(found, str) and found:
        return found
    msg = f"a label must have an id to be kept, found {found!r}"
    raise UsageError(msg)


def summarise(label: Mapping[str, Any]) -> Summary:
    """What a list shows of a label; fields that an old label lacks are empty."""
    subject = label.get("subject") or {}
    texts = {name: str(subject.get(name) or "") for name in ("name", "task", "framework", "family", "sha256")}
    statuses = [outcome.get("status") for outcome in label.get("outcomes") or ()]
    return Summary(
        id=identifier_of(label),
        created=str(label.get("created") or ""),
        candidates=sum(candidate.get("status") == "built" for candidate in label.get("candidates") or ()),
        measured=statuses.count("measured"),
        unfinished=sum(status in {"failed", "crashed", "timed_out"} for status in statuses),
        **texts,
    )


def select(summaries: Iterable[Summary], filters: Mapping[str, str]) -> list[Summary]:
    """Summaries that have all the given values, newest first.

    Raises:
        UsageError: If a filter is not a text field of `Summary`.
    """
    fields = ("id", "created", "name", "task", "framework", "family", "sha256")
    for name in filters:
        if name not in fields:
            msg = f"labels can be chosen by {', '.join(fields)}, got {name!r}"
            raise UsageError(msg)
    chosen = [item for item in summaries if all(getattr(item, name) == value for name, value in filters.items())]
    return sorted(chosen, key=lambda item: (item.created, item.id), reverse=True)
