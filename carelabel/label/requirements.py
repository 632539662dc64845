"""Requirements in words: ``latency_p99@onnx,cpu-1t{batch=1} < 2ms``."""

from __future__ import annotations

import difflib
import math
import operator
import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from carelabel.errors import UsageError
from carelabel.plugin.records import ORIGINAL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from carelabel.plan.records import Plan

    Json = Mapping[str, Any]

_FORM = re.compile(
    r"\s*(?P<quantity>[a-z][a-z0-9_.]*?)(?P<drop>_drop)?"
    r"(?:@(?P<candidate>[^,{<>=\s]+)(?:,(?P<platform>[^{<>=\s]+))?)?"
    r"\s*(?:\{(?P<at>[^}]*)\})?"
    r"\s*(?P<op><=|>=|<|>)\s*"
    r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\s\d]*)\s*\Z"
)
_OPERATORS: Final = MappingProxyType({"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge})
_UNITS: Final = MappingProxyType(
    {
        "": ("", 1.0),
        "%": ("1", 0.01),
        "s": ("s", 1.0),
        "ms": ("s", 1e-3),
        "us": ("s", 1e-6),
        "µs": ("s", 1e-6),
        "ns": ("s", 1e-9),
        "B": ("B", 1.0),
        "kB": ("B", 1e3),
        "MB": ("B", 1e6),
        "GB": ("B", 1e9),
        "KiB": ("B", 2.0**10),
        "MiB": ("B", 2.0**20),
        "GiB": ("B", 2.0**30),
        "J": ("J", 1.0),
        "mJ": ("J", 1e-3),
        "uJ": ("J", 1e-6),
        "µJ": ("J", 1e-6),
        "Wh": ("J", 3600.0),
    }
)

_SORTS: Final = ("candidate", "platform")


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """One bound on one figure.

    Attributes:
        drop: True for ``<quantity>_drop``: how much worse than the original's figure.
        candidate, platform: None means the original, and any platform on which it was measured.
        bound: In SI units. dimension: Unit that the word of the unit implies, empty when there was none.
        unit: The word itself. factor: What it is worth in SI units.
    """

    text: str
    quantity: str
    drop: bool
    candidate: str | None
    platform: str | None
    at: Mapping[str, str | int | float]
    op: str
    bound: float
    dimension: str
    unit: str = ""
    factor: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether a requirement is met, and by which figure.

    Attributes:
        met: None when the figure was not measured.
        value: In SI units. certain: False when the figure's interval holds the bound.
        text: One line for a reader.
    """

    met: bool | None
    value: float | None
    certain: bool
    text: str


def parse_requirement(text: str) -> Requirement:
    """Read one requirement.

    Raises:
        UsageError: If it has another form or an unknown unit.
    """
    found = _FORM.match(text)
    if not found:
        msg = f"a requirement must read QUANTITY[@CANDIDATE[,PLATFORM]][{{batch=64}}] < NUMBER[UNIT], got {text!r}"
        raise UsageError(msg, "for example latency_p99@onnx,cpu-1t{batch=1} < 2ms")
    if found["unit"] not in _UNITS:
        msg = f"the unit in {text!r} must be one of {', '.join(filter(None, _UNITS))}, got {found['unit']!r}"
        raise UsageError(msg)
    dimension, factor = _UNITS[found["unit"]]
    return Requirement(
        text=text.strip(),
        quantity=found["quantity"],
        drop=bool(found["drop"]),
        candidate=found["candidate"],
        platform=found["platform"],
        at=_place(found["at"] or "", text),
        op=found["op"],
        bound=float(found["number"]) * factor,
        dimension=dimension,
        unit=found["unit"],
        factor=factor,
    )


def _place(words: str, text: str) -> dict[str, str | int | float]:
    place: dict[str, str | int | float] = {}
    for word in filter(None, (word.strip() for word in words.split(","))):
        key, equals, value = word.partition("=")
        if not equals:
            msg = f"the place in {text!r} must read KEY=VALUE, got {word!r}"
            raise UsageError(msg, "for example {batch=64}")
        place[key.strip()] = _scalar(value.strip())
    return place


def _scalar(value: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def check(label: Json, requirement: Requirement, candidate: str | None = None, platform: str | None = None) -> Verdict:
    """Hold one requirement against a label.

    Args:
        candidate, platform: Whom it is held against where the requirement itself names nobody.

    Raises:
        UsageError: If the label knows no such quantity, candidate or platform, or measures it in another unit.
    """
    whom = replace(
        requirement,
        candidate=requirement.candidate or candidate or ORIGINAL,
        platform=requirement.platform or platform,
    )
    _refuse_unknown(label, whom)
    rows = [row for row in label["measurements"] if _fits(row, whom, whom.candidate or ORIGINAL)]
    if requirement.dimension and any(row["unit"] != requirement.dimension for row in rows):
        raise _wrong_unit(whom, rows[0]["unit"])
    verdicts = [_verdict(label, whom, row) for row in rows]
    if not verdicts:
        text = f"{_who(whom)} has no {whom.quantity}{_where_else(label, whom) or _why_missing(label, whom)}"
        return Verdict(met=None, value=None, certain=False, text=text)
    return min(verdicts, key=lambda verdict: -1 if verdict.met is False else 0 if verdict.met is None else 1)


def refuse_unplanned(plan: Plan, requirements: Iterable[Requirement]) -> None:
    """Hold, before anything is measured, that requirements are about figures that a plan will give.

    Raises:
        UsageError: As `check`.
    """
    units = {quantity["name"]: quantity["unit"] for test in plan.tests for quantity in test.quantities}
    ids = {"candidate": [item.id for item in plan.candidates], "platform": [item.id for item in plan.platforms]}
    for whom in requirements:
        _refuse(whom, "plan", units, ids)
        if whom.dimension and whom.dimension != units[whom.quantity]:
            raise _wrong_unit(whom, units[whom.quantity])


def _refuse_unknown(label: Json, whom: Requirement) -> None:
    """A quantity whose cells crashed is known: the label says what it means, and has no figure of it."""
    declared = {key.rpartition(".")[2] for key in label.get("quantities") or ()}
    known = declared | {row["quantity"] for row in label["measurements"]}
    _refuse(whom, "label", known, {word: [item["id"] for item in label[f"{word}s"]] for word in _SORTS})


def _refuse(whom: Requirement, where: str, quantities: Collection[str], ids: Mapping[str, Sequence[str]]) -> None:
    if whom.quantity not in quantities:
        near = difflib.get_close_matches(whom.quantity, quantities, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the {where} has {', '.join(sorted(quantities))}"
        msg = f"{whom.text!r} must name a quantity of the {where}, got {whom.quantity!r}"
        raise UsageError(msg, hint)
    for word, found in zip(_SORTS, (whom.candidate, whom.platform), strict=True):
        if found is not None and found not in ids[word]:
            msg = f"{whom.text!r} must name a {word} of the {where} ({', '.join(ids[word])}), got {found!r}"
            raise UsageError(msg)


def _wrong_unit(whom: Requirement, unit: str) -> UsageError:
    return UsageError(f"{whom.text!r} must be in the figure's unit, {unit}, got one of {whom.dimension}")


def _why_missing(label: Json, whom: Requirement) -> str:
    """How the cells that would have given a figure ended."""
    tests = {key.rpartition(".")[0] for key in label.get("quantities") or () if key.endswith(f".{whom.quantity}")}
    reasons = [
        f"{item['test']} {str(item['status']).replace('_', ' ')}: {(item.get('reason') or {}).get('text', '')}"
        for item in label["outcomes"]
        if item["test"] in tests and item["candidate"] == whom.candidate and item["status"] != "measured"
        if item["platform"] in {whom.platform, None} or whom.platform is None
    ]
    return f": {'; '.join(dict.fromkeys(reasons))}" if reasons else ""


def _where_else(label: Json, whom: Requirement) -> str:
    """Which points there are, where the wanted one is not among them."""
    anywhere = replace(whom, at={})
    found = [row["at"] for row in label["measurements"] if _fits(row, anywhere, whom.candidate or ORIGINAL)]
    if not found:
        return ""
    points = dict.fromkeys(_place_of(at) for at in found)
    return f" at {_place_of(whom.at)}; it has {'; '.join(point or 'one figure for all' for point in points)}"


def _place_of(at: Json) -> str:
    return ", ".join(f"{key}={value}" for key, value in at.items())


def _shown(value: float, whom: Requirement, unit: str) -> str:
    """A figure in the unit that was asked for, else in its own."""
    word = whom.unit or ("" if unit == "1" else unit)
    return f"{value / whom.factor:.4g}{'' if word in {'', '%'} else ' '}{word}"


def _fits(row: Json, whom: Requirement, candidate: str) -> bool:
    """A figure that is not about a platform fits every platform."""
    if row["candidate"] != candidate or row["quantity"] != whom.quantity:
        return False
    if whom.platform is not None and row["platform"] not in {whom.platform, None}:
        return False
    return all(row["at"].get(key) == value for key, value in whom.at.items())


def _verdict(label: Json, whom: Requirement, row: Json) -> Verdict:
    value, interval = _figure(row), _interval(row)
    if whom.drop and value is not None:
        value, interval = _drop(label, whom, row, value)
    name = whom.quantity + ("_drop" if whom.drop else "")
    place = f" at {_place_of(row['at'])}" if row["at"] else ""
    if value is None:
        text = (
            f"{_who(whom, row)}: {name}{place} is not known: {row.get('reason') or 'not measured'}{_how_to_know(row)}"
        )
        return Verdict(met=None, value=None, certain=False, text=text)
    compare = _OPERATORS[whom.op]
    met = bool(compare(value, whom.bound))
    certain = interval is not None and all(bool(compare(end, whom.bound)) == met for end in interval)
    said = "is" if met else "is not"
    sure = "" if certain else ", but its interval reaches beyond" if interval else ", without an interval"
    shown, bound = (_shown(number, whom, row["unit"]) for number in (value, whom.bound))
    text = f"{_who(whom, row)}: {name}{place} {shown} {said} {whom.op} {bound}{sure}"
    return Verdict(met=met, value=value, certain=certain, text=text)


def _how_to_know(row: Json) -> str:
    return "; a longer --budget gives more" if str(row.get("reason") or "").startswith("n < needed") else ""


def _drop(label: Json, whom: Requirement, row: Json, value: float) -> tuple[float | None, tuple[float, float] | None]:
    """How much worse than the original; of two separate intervals no interval of the difference follows."""
    same = replace(whom, platform=row["platform"] or whom.platform)
    for base in label["measurements"]:
        if _fits(base, same, ORIGINAL) and base["at"] == row["at"] and _figure(base) is not None:
            difference = (_figure(base) or 0.0) - value
            return (difference if row["better"] != "lower" else -difference), None
    return None, None


def _who(whom: Requirement, row: Json | None = None) -> str:
    platform = row["platform"] if row else whom.platform
    return f"{whom.candidate} on {platform}" if platform else str(whom.candidate)


def _figure(row: Json) -> float | None:
    value = row["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _interval(row: Json) -> tuple[float, float] | None:
    ends = row.get("interval")
    if not ends or not all(isinstance(end, int | float) for end in ends):
        return None
    return float(ends[0]), float(ends[1])
