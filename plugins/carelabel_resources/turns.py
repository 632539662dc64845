"""What the turns of a point have in common: disturbances, loops, warm-up."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from carelabel.measure.contention import contended, wait_share
from carelabel.measure.stats import autocorrelation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carelabel import PointRounds
    from carelabel.plugin.interfaces import Samples


def medians(turns: Sequence[Samples], clock: str) -> list[float]:
    """Median of each turn's readings by one clock, ``wall`` or ``cpu``."""
    return [statistics.median(turn[clock]) for turn in turns]


def singles(turn: Samples) -> list[float]:
    """Seconds of calls of a turn that were timed one by one, in their order."""
    found: list[float] = turn["wall"] if turn["loops"] == 1 else turn["single"]
    return found


def correlation(turns: Sequence[Samples]) -> float | None:
    """Autocorrelation of successive calls, the median over turns; None where no turn has three single calls."""
    found = [value for turn in turns if (value := autocorrelation(singles(turn))) is not None]
    return statistics.median(found) if found else None


def flags(rounds: PointRounds) -> tuple[str, ...]:
    """Stable words about the turns of a point.

    ``contended`` above 10 % of waiting; ``budget-ended`` when the budget and not the aimed precision ended the
    rounds (or another word for another end); ``loops`` when calls are shorter than 1 ms and timed in loops;
    ``rows-repeated``; ``not-steady`` when the warm-up ended before its running median had come to rest;
    ``more-threads`` when the calls of some process kept more threads busy than a pinned platform grants.
    """
    first = rounds.own[0]
    marks = {
        "contended": contended(wait_share(rounds.own)),
        f"{rounds.ended_by}-ended": rounds.ended_by != "precision",
        "loops": first["loops"] > 1,
        "rows-repeated": first["rows_repeated"],
        "not-steady": not first["warm_up"]["steady"],
        "more-threads": any(turn.get("more_threads") for turn in rounds.own),
    }
    return tuple(mark for mark, holds in marks.items() if holds)


def detail(rounds: PointRounds) -> Mapping[str, Any]:
    """How the figure came about, for those who want to know: one typed object."""
    turns = rounds.own
    warmth = turns[0]["warm_up"]
    return {
        "type": "timing",
        "wait_share": wait_share(turns),
        "autocorrelation": correlation(turns),
        "loops": turns[0]["loops"],
        "calls": sum(turn["calls"] for turn in turns),
        "batches": turns[0]["batches"],
        "warm_up_calls": warmth["calls"],
        "warm_up_s": warmth["seconds"],
        "threads": turns[0].get("threads"),
        "threads_at_work": turns[0].get("threads_at_work"),
        "processes": rounds.processes,
    }
