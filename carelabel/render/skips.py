"""Skips for a person: cells of a form that was not built are one line, and so is what is for other models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Json = Mapping[str, Any]

_FOREIGN: Final = frozenset({"task", "framework", "family"})
_UNBUILT: Final = frozenset({"candidate-failed", "no-parity"})


def fold_cells(outcomes: Sequence[Json]) -> Iterator[dict[str, Any]]:
    """Skipped outcomes in the form of skips; those of a form that failed, whose reason stands above, counted."""
    counts: dict[str, int] = {}
    for item in outcomes:
        reason = item.get("reason") or {}
        if reason.get("code") in _UNBUILT:
            counts[item["candidate"]] = counts.get(item["candidate"], 0) + 1
            continue
        what = " ".join(str(part) for part in (item["candidate"], item["platform"], item["test"]) if part)
        yield {"what": what, "text": reason.get("text") or "no reason given", "hint": reason.get("hint", "")}
    for candidate, count in counts.items():
        yield {"what": f"{candidate} ({count} cells)", "text": "it was not built, or could not predict: see Candidates"}


def fold_foreign(skips: Sequence[Json]) -> Iterator[dict[str, Any]]:
    """Skips of a plan; what is for other tasks, frameworks or families is one line."""
    foreign = [item for item in skips if set(str(item["code"]).split("+")) <= _FOREIGN]
    for item in skips:
        if item not in foreign:
            yield dict(item)
    if foreign:
        names = dict.fromkeys(name for item in foreign for name in str(item["what"]).split(", "))
        text = "for another task, framework or family (carelabel plan --explain names each rule)"
        yield {"what": ", ".join(names), "text": text}
