"""Who is fastest where: latency per row over batch size and threads, and when a conversion has paid for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carelabel.plan.records import ORIGINAL, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Json = Mapping[str, Any]

QUANTITY = "latency_p50"


def crossover(label: Json) -> list[dict[str, Any]]:
    """One row for every point of the surface (platform, batch).

    Args:
        label: A label in the form of its JSON document.

    Returns:
        Rows with ``order`` (candidates by seconds a row, fastest first), ``winner``, ``tied`` (those whose interval
        overlaps the winner's) and ``break_even`` (candidate to the number of predicted rows after which its conversion
        and compilation are paid for, None when they never are). Candidates whose conversion failed take no part.
    """
    usable = {item["id"]: item for item in label["candidates"] if item["status"] == "built" and item["id"] != REFERENCE}
    points: dict[tuple[str, int], list[Json]] = {}
    for row in label["measurements"]:
        batch = row["at"].get("batch")
        if row["quantity"] != QUANTITY or row["candidate"] not in usable or not isinstance(batch, int):
            continue
        if isinstance(row["value"], int | float) and row["value"] > 0 and len(row["at"]) == 1:
            points.setdefault((row["platform"], batch), []).append(row)
    return [_point(rows, platform, batch, usable) for (platform, batch), rows in points.items()]


def _point(rows: Sequence[Json], platform: str, batch: int, candidates: Mapping[str, Json]) -> dict[str, Any]:
    ranked = sorted(rows, key=lambda row: row["value"])
    best = ranked[0]
    original = next((row for row in rows if row["candidate"] == ORIGINAL), None)
    return {
        "platform": platform,
        "batch": batch,
        "order": [{"candidate": row["candidate"], "seconds_per_row": row["value"] / batch} for row in ranked],
        "winner": best["candidate"],
        "tied": [row["candidate"] for row in ranked[1:] if _overlap(best, row)],
        "break_even": {
            row["candidate"]: _break_even(row, original, candidates[row["candidate"]], batch)
            for row in ranked
            if row["candidate"] != ORIGINAL and original is not None
        },
    }


def _overlap(one: Json, other: Json) -> bool:
    """Whether two intervals meet; a figure without one is taken for a point."""
    first, second = (row.get("interval") or [row["value"], row["value"]] for row in (one, other))
    return bool(first[0] <= second[1] and second[0] <= first[1])


def _break_even(row: Json, original: Json, candidate: Json, batch: int) -> int | None:
    """Predicted rows until the saved seconds exceed those of conversion; an ancestor's conversion is not counted."""
    saved = (original["value"] - row["value"]) / batch
    spent = candidate.get("convert_s")
    return None if saved <= 0 or spent is None else int(spent / saved) + 1
