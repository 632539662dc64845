"""Who is fastest where: latency per row over batch size and threads, and when a conversion has paid for itself.

Whoever is compared with the original is compared by the paired ratio of the rounds in which both took turns. Two
converted candidates of one block are compared by their ratios to the original there; ratios never cross blocks, so what
was timed in different ones is compared by each one's own interval, and the point says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from carelabel.plugin.records import ORIGINAL, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Json = Mapping[str, Any]

QUANTITY: Final = "latency_p50"
RATIO: Final = "latency_ratio"
"""Of a candidate's calls to the original's in the same rounds; below 1 is faster."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Timed:
    """One candidate at one point.

    Attributes:
        row: Its figure, in seconds a call.
        ratio: Its paired ratio to the original, None for the original itself and where there is none.
    """

    row: Json
    ratio: Json | None

    @property
    def candidate(self) -> str:
        return str(self.row["candidate"])

    @property
    def seconds(self) -> float:
        return float(self.row["value"])


def crossover(label: Json) -> list[dict[str, Any]]:
    """One row for every point of the surface (platform, batch).

    Args:
        label: A label in the form of its JSON document.

    Returns:
        Rows with ``order`` (candidates, fastest first, with seconds a row and the paired ratio to the original),
        ``winner``, ``tied`` (those that cannot be told from the winner), ``unpaired`` (those that were compared with
        the winner by their own intervals, because they were not timed in the same rounds) and ``break_even`` (candidate
        to the number of predicted rows after which its conversion and compilation are paid for; None when they never
        are, or when no paired ratio says that it is faster). Candidates whose conversion failed take no part.
    """
    usable = {item["id"]: item for item in label["candidates"] if item["status"] == "built" and item["id"] != REFERENCE}
    ratios = {_place(row): row for row in _at_batches(label, RATIO)}
    points: dict[tuple[str, int], list[_Timed]] = {}
    for row in _at_batches(label, QUANTITY):
        if row["candidate"] in usable:
            timed = _Timed(row=row, ratio=ratios.get(_place(row)))
            points.setdefault((row["platform"], row["at"]["batch"]), []).append(timed)
    return [_point(rows, platform, batch, usable) for (platform, batch), rows in points.items()]


def _at_batches(label: Json, quantity: str) -> Iterable[Json]:
    """Figures of a quantity that are about a batch size and nothing else."""
    for row in label["measurements"]:
        if row["quantity"] != quantity or not isinstance(row["at"].get("batch"), int) or len(row["at"]) > 1:
            continue
        if isinstance(row["value"], int | float) and row["value"] > 0:
            yield row


def _place(row: Json) -> tuple[str, str, str, int]:
    return row["test"], row["candidate"], row["platform"], row["at"]["batch"]


def _point(found: Iterable[_Timed], platform: str, batch: int, candidates: Mapping[str, Json]) -> dict[str, Any]:
    rows = list(found)
    original = next((one for one in rows if one.candidate == ORIGINAL), None)
    ranked = sorted(rows, key=lambda one: (_beside_original(one, original), one.seconds))
    best, others = ranked[0], ranked[1:]
    return {
        "platform": platform,
        "batch": batch,
        "order": [
            {
                "candidate": one.candidate,
                "seconds_per_row": one.seconds / batch,
                **({} if one.ratio is None else {"ratio": one.ratio["value"]}),
            }
            for one in ranked
        ],
        "winner": best.candidate,
        "tied": [one.candidate for one in others if _tied(best, one)],
        "unpaired": [one.candidate for one in others if _paired(best, one) is None],
        "break_even": {
            one.candidate: _break_even(one, candidates[one.candidate], batch)
            for one in ranked
            if one.candidate != ORIGINAL and original is not None
        },
    }


def _beside_original(one: _Timed, original: _Timed | None) -> int:
    """-1 for what is faster than the original, 1 for what is not, 0 for the original itself."""
    if original is None or one is original:
        return 0
    faster = one.ratio["value"] < 1 if one.ratio else one.seconds < original.seconds
    return -1 if faster else 1


def _tied(best: _Timed, other: _Timed) -> bool:
    """Whether two cannot be told apart."""
    paired = _paired(best, other)
    return _overlap(_ends(best.row), _ends(other.row)) if paired is None else paired


def _paired(best: _Timed, other: _Timed) -> bool | None:
    """Whether two are tied by rounds in which both took turns; None where there are none."""
    if ORIGINAL in {best.candidate, other.candidate}:
        ratio = other.ratio or best.ratio
        return None if ratio is None else _overlap(_ends(ratio), (1.0, 1.0))
    block = best.row.get("samples")
    if best.ratio is None or other.ratio is None or block is None or other.row.get("samples") != block:
        return None
    return _overlap(_ends(best.ratio), _ends(other.ratio))  # the quotient of the two, at its widest, holds 1


def _ends(row: Json) -> tuple[float, float]:
    """A figure's interval; one without is taken for a point."""
    low, high = row.get("interval") or (row["value"], row["value"])
    return low, high


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _break_even(one: _Timed, candidate: Json, batch: int) -> int | None:
    """Predicted rows until the saved seconds exceed those of conversion; an ancestor's conversion is not counted."""
    spent = candidate.get("convert_s")
    if spent is None or one.ratio is None or one.ratio["value"] >= 1 or _overlap(_ends(one.ratio), (1.0, 1.0)):
        return None
    saved = one.seconds * (1 / one.ratio["value"] - 1) / batch
    return int(spent / saved) + 1
