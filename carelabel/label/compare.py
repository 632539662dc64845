"""Which candidate to deploy: the Pareto front, and a recommendation under stated requirements."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from carelabel.label.requirements import Requirement, Verdict, check
from carelabel.plugin.records import ORIGINAL, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Json = Mapping[str, Any]

PROPERTIES = ("quality", "latency", "throughput", "memory", "energy")
"""Rated properties that span the front, each with its index: larger is better."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One way to deploy the model.

    Attributes:
        excluded: Why it cannot be recommended at all, or empty.
        verdicts: One for every requirement, in order.
        parity: How far its answers on the platform are the original's (``identical``, ``equivalent``, ``different``);
            empty for the original, and where nothing was compared.
        remarks: What the label says of its problems, one line each.
        index: Compound index, None when nothing was rated.
        on_front: Whether no other option is better in one property and as good in all others.
    """

    candidate: str
    platform: str
    excluded: str
    parity: str
    remarks: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    index: float | None
    on_front: bool

    @property
    def is_same(self) -> bool:
        """Whether its answers are known to be the original's."""
        return self.candidate == ORIGINAL or self.parity in {"identical", "equivalent"}

    @property
    def missed(self) -> int:
        """Number of requirements that are not met or not measured."""
        return sum(verdict.met is not True for verdict in self.verdicts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """Options in order: the best that meets everything first.

    Attributes:
        best: None when nothing meets the requirements.
        meeting: All that meet them, best first. near: The others that could be recommended, nearest first.
        excluded: Those that cannot be recommended, whatever they reach.
    """

    best: Option | None
    meeting: tuple[Option, ...]
    near: tuple[Option, ...]
    excluded: tuple[Option, ...]


def recommend(label: Json, requirements: Sequence[Requirement], *, same_model: bool = False) -> Recommendation:
    """Choose among all candidates on all platforms of a label.

    A requirement that names a candidate or a platform leaves only that to choose.

    Args:
        same_model: Leave out forms whose answers are not the original's.

    Raises:
        UsageError: If a requirement names something that the label does not know.
    """
    front = pareto_front(label)
    options = [
        _option(label, candidate, platform["id"], requirements, front)
        for candidate in label["candidates"]
        if candidate["id"] != REFERENCE
        for platform in label["platforms"]
    ]
    if same_model:
        options = [option if option.is_same else _left_out(option) for option in options]
    usable = [option for option in options if not option.excluded]
    meeting = sorted((option for option in usable if option.missed == 0), key=_worth, reverse=True)
    near = sorted((option for option in usable if option.missed), key=lambda option: (option.missed, *_worst(option)))
    return Recommendation(
        best=meeting[0] if meeting else None,
        meeting=tuple(meeting),
        near=tuple(near),
        excluded=tuple(option for option in options if option.excluded),
    )


def pareto_front(label: Json) -> frozenset[tuple[str, str]]:
    """(candidate, platform) pairs that no other pair dominates in the rated properties both were rated in."""
    points: dict[tuple[str, str], dict[str, float]] = {}
    failed = {candidate["id"] for candidate in label["candidates"] if candidate["status"] != "built"}
    for row in label["ratings"]:
        if row["property"] in PROPERTIES and "index" in row and row["candidate"] not in failed:
            points.setdefault((row["candidate"], row["platform"]), {})[row["property"]] = row["index"]
    return frozenset(
        key for key, point in points.items() if not any(_dominates(other, point) for other in points.values())
    )


def _dominates(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    shared = one.keys() & other.keys()
    if not shared or shared != other.keys():
        return False
    return all(one[name] >= other[name] for name in shared) and any(one[name] > other[name] for name in shared)


def _option(
    label: Json,
    candidate: Json,
    platform: str,
    requirements: Sequence[Requirement],
    front: frozenset[tuple[str, str]],
) -> Option:
    identifier = candidate["id"]
    parity = str((candidate.get("parity_on", {}).get(platform) or candidate.get("parity") or {}).get("class") or "")
    verdicts = tuple(check(label, item, identifier, item.platform or platform) for item in requirements)
    totals = label.get("compound", {}).get("of", [])
    total: Json = next((row for row in totals if (row["candidate"], row["platform"]) == (identifier, platform)), {})
    return Option(
        candidate=identifier,
        platform=platform,
        excluded=_excluded(label, candidate, platform) or _elsewhere(identifier, platform, requirements),
        parity=parity,
        remarks=tuple(item["text"] for item in label.get("problems", ()) if item["source"] == identifier),
        verdicts=verdicts,
        index=total.get("index"),
        on_front=(identifier, platform) in front,
    )


def _left_out(option: Option) -> Option:
    return replace(option, excluded=option.excluded or "its answers are not known to be the original's")


def _elsewhere(candidate: str, platform: str, requirements: Sequence[Requirement]) -> str:
    """Which requirement is about something else."""
    for item in requirements:
        if item.candidate not in {None, candidate} or item.platform not in {None, platform}:
            whom = " on ".join(filter(None, (item.candidate, item.platform)))
            return f"{item.text!r} is about {whom}"
    return ""


def _excluded(label: Json, candidate: Json, platform: str) -> str:
    if candidate["status"] != "built":
        reason = candidate.get("reason") or {}
        return str(reason.get("text") or f"it was not built ({candidate['status']})")
    measured = any(
        row["candidate"] == candidate["id"] and row["platform"] == platform and row["status"] == "measured"
        for row in label["outcomes"]
    )
    return "" if measured else f"nothing of it was measured on {platform}"


def _worth(option: Option) -> tuple[bool, float]:
    """Options on the front go first, then those with the higher compound index."""
    return option.on_front, option.index if option.index is not None else -math.inf


def _worst(option: Option) -> tuple[float, ...]:
    """For near misses: unmeasured figures last, else the better compound first."""
    unmeasured = sum(verdict.met is None for verdict in option.verdicts)
    return unmeasured, -(option.index if option.index is not None else -math.inf)
