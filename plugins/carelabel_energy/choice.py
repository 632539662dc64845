"""Which meters make up the total: nothing counted twice, and no counter mixed up with a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carelabel import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRADES: Final = ("metered", "counter", "modelled")
"""From a wall meter to a model without a counter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Meters to be added, by domain, or why there is no total.

    Attributes:
        grade: Of the total: that of its worst part.
        missing: A domain that would belong to the total and has no meter here.
    """

    meters: Mapping[str, str]
    grade: str
    missing: tuple[str, ...] = ()


def choose(
    probed: Mapping[str, tuple[str, ...] | NotMeasured], facts: Mapping[str, Mapping[str, str]], tags: Sequence[str]
) -> Choice | NotMeasured:
    """Choose the meters of a platform.

    A wall meter counts everything and stands alone. Otherwise the processor packages are needed, on an accelerator its
    board as well; memory is added where it is counted. Of several meters of one domain the best grade is taken.

    Args:
        probed: Meter id to its sensors, or to why it has none.
        facts: Meter id to ``domain`` and ``grade``.
        tags: Of the platform.
    """
    needed = ["package", "board"] if "cuda" in tags else ["package"]
    best = {domain: _best(domain, probed, facts) for domain in ("wall", "package", "dram", "board")}
    if best["wall"] is not None:
        return Choice(meters={"wall": best["wall"]}, grade=facts[best["wall"]]["grade"])
    for domain in needed:
        if best[domain] is None:
            return _why(domain, probed, facts)
    chosen = {domain: name for domain in (*needed, "dram") if (name := best[domain]) is not None}
    grade = max((facts[name]["grade"] for name in chosen.values()), key=GRADES.index)
    return Choice(meters=chosen, grade=grade, missing=() if best["dram"] else ("dram",))


def _best(
    domain: str, probed: Mapping[str, tuple[str, ...] | NotMeasured], facts: Mapping[str, Mapping[str, str]]
) -> str | None:
    able = [name for name, found in probed.items() if not isinstance(found, NotMeasured)]
    mine = [name for name in able if facts[name]["domain"] == domain]
    return min(mine, key=lambda name: (GRADES.index(facts[name]["grade"]), name), default=None)


def _why(
    domain: str, probed: Mapping[str, tuple[str, ...] | NotMeasured], facts: Mapping[str, Mapping[str, str]]
) -> NotMeasured:
    """The reason of the meter that would have been best."""
    reasons = {name: found for name, found in probed.items() if isinstance(found, NotMeasured)}
    mine = [name for name in reasons if facts[name]["domain"] == domain]
    if not mine:
        return NotMeasured(code="no-meter", text=f"no plugin brings a meter for the domain {domain}")
    return reasons[min(mine, key=lambda name: (GRADES.index(facts[name]["grade"]), name != "package", name))]
