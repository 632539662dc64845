"""Letters A to E for a label's figures, and what they add up to.

An index says how many times better a figure is than its yardstick: the reference workload on the same platform, or the
trivial predictor. Letters follow from the index's interval and fixed boundaries, so no letter depends on who
else competes. What was not measured is n/a and leaves the compound, its weight shown as unused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carelabel.label.scale import LETTERS, Figure, Property, Scale
from carelabel.plugin.records import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """How many times better than its yardstick, with the interval that follows from the figure's own."""

    value: float
    low: float
    high: float


def letter(index: float, boundaries: Sequence[float]) -> str:
    """The letter of an index: the first boundary that it reaches."""
    return next((name for name, bound in zip(LETTERS, boundaries, strict=False) if index >= bound), LETTERS[-1])


def letters(index: Index, boundaries: Sequence[float]) -> str:
    """One letter, or a range such as ``A-B`` where the interval straddles a boundary."""
    best, worst = letter(index.high, boundaries), letter(index.low, boundaries)
    return best if best == worst else f"{best}-{worst}"


def rate(label: Json, scale: Scale) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rate every candidate on every platform.

    Args:
        label: A label in the form of its JSON document.

    Returns:
        The rows of ``ratings``, one a (candidate, platform, property), and the object ``compound``.
    """
    places = [
        (candidate["id"], platform["id"])
        for candidate in label["candidates"]
        for platform in label["platforms"]
        if candidate["id"] != REFERENCE
    ]
    rows = [
        _row(label, name, part, candidate, platform)
        for candidate, platform in places
        for name, part in scale.properties.items()
    ]
    totals = [
        _compound([row for row in rows if (row["candidate"], row["platform"]) == place], scale, place)
        for place in places
    ]
    return rows, {"scale": {"name": scale.name, "version": scale.version}, "of": totals}


def _row(label: Json, name: str, part: Property, candidate: str, platform: str) -> dict[str, Any]:
    measurement = _find(label, part.figures, candidate, platform)
    row: dict[str, Any] = {"candidate": candidate, "platform": platform, "property": name, "letter": "n/a"}
    if measurement is None:
        return {
            **row,
            "reason": f"{' or '.join(dict.fromkeys(figure.quantity for figure in part.figures))} was not measured",
        }
    row |= {"quantity": measurement["quantity"], "at": measurement["at"]}
    if measurement["value"] is None:
        return {**row, "reason": measurement.get("reason") or "not measured"}
    yardstick, missing = _yardstick(label, part, measurement, platform)
    if yardstick is None:
        return {**row, "reason": missing}
    index = _index(label, part, measurement, yardstick)
    if index is None:
        return {**row, "reason": "its value is not a positive finite number"}
    return {
        **row,
        "letter": letters(index, part.boundaries),
        "index": index.value,
        "interval": [index.low, index.high],
        "yardstick": yardstick,
        "flags": [flag for flag in measurement.get("flags", ()) if flag in {"contended", "not-the-same-model"}],
    }


def _find(label: Json, figures: Iterable[Figure], candidate: str, platform: str) -> Json | None:
    """The first of the figures that is on the label, measured if one is."""
    unmeasured = None
    for figure in figures:
        if figure.task not in {None, label["subject"]["task"]}:
            continue
        for row in label["measurements"]:
            if row["candidate"] != candidate or row["platform"] not in {platform, None}:
                continue
            if row["quantity"] == figure.quantity and all(row["at"].get(key) == at for key, at in figure.at.items()):
                if row["value"] is not None:
                    return row  # type: ignore[no-any-return]  # a row of a JSON document
                unmeasured = row
    return unmeasured


def _yardstick(label: Json, part: Property, measurement: Json, platform: str) -> tuple[float | None, str]:
    if part.index == "reference":
        figure = Figure(quantity=measurement["quantity"], at=measurement["at"], task=None)
        found = _find(label, (figure,), REFERENCE, platform)
        value = _number(found["value"]) if found else None
        return (value, "") if value else (None, "the reference workload was not measured here")
    if measurement["quantity"] == "r2":
        return 1.0, ""  # the mean predictor's share of unexplained variance
    shares = label["data"]["test"]["distribution"].values()
    error = 1.0 - max(shares) / sum(shares) if shares else 0.0
    return (error, "") if error > 0 else (None, "the trivial predictor makes no error on this test set")


def _index(label: Json, part: Property, measurement: Json, yardstick: float) -> Index | None:
    value = _number(measurement["value"])
    ends = [_number(end) for end in measurement.get("interval") or ()] or [value, value]
    if value is None or any(end is None for end in ends):
        return None
    values = sorted(end for end in ends if end is not None)
    if part.index == "trivial":
        floor = 1.0 / label["data"]["test"]["rows"]
        return _ordered([yardstick / max(1.0 - item, floor) for item in (value, *values)])
    if min(value, *values) <= 0:
        return None
    if measurement["better"] == "higher":
        return _ordered([item / yardstick for item in (value, *values)])
    return _ordered([yardstick / item for item in (value, *values)])


def _ordered(found: Sequence[float]) -> Index:
    """The figure's own index lies in the interval even where a skewed bootstrap left it outside."""
    return Index(value=found[0], low=min(found), high=max(found))


def _compound(rows: Sequence[Json], scale: Scale, place: tuple[str, str]) -> dict[str, Any]:
    """Weighted mean of the indices on a log scale, and how much each property moved it; n/a for fewer than two."""
    candidate, platform = place
    weights = {name: part.weight for name, part in scale.properties.items()}
    rated = {row["property"]: row for row in rows if "index" in row and weights[row["property"]] > 0}
    used = sum(weights[name] for name in rated)
    unused = {name: weight for name, weight in weights.items() if name not in rated}
    total: dict[str, Any] = {"candidate": candidate, "platform": platform, "letter": "n/a", "unused": unused}
    if not rated:
        return {**total, "reason": "none of its properties was measured"}
    if len(rated) == 1:
        return {**total, "reason": f"only its {next(iter(rated))} was rated"}
    shares = {name: weights[name] / used * math.log(row["index"]) for name, row in rated.items()}
    ends = [
        math.exp(sum(weights[name] / used * math.log(row["interval"][end]) for name, row in rated.items()))
        for end in (0, 1)
    ]
    index = Index(value=math.exp(sum(shares.values())), low=ends[0], high=ends[1])
    return {
        **total,
        "letter": letters(index, scale.compound.boundaries),
        "index": index.value,
        "interval": [index.low, index.high],
        "moved": {name: math.exp(share) for name, share in shares.items()},
        "weights": {name: weights[name] / used for name in rated},
    }


def _number(value: object) -> float | None:
    """A finite number of the label, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
