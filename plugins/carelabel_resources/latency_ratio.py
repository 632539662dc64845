"""How a candidate's calls compare with the original's in the same rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carelabel import Measurement
from carelabel.measure.stats import LEVEL, paired_ratio
from carelabel_resources.turns import medians

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carelabel import PointRounds
    from carelabel.plugin.interfaces import Samples

RATIOS: Final = (("latency_ratio", "wall"), ("cpu_ratio", "cpu"))


def ratios(rounds: PointRounds) -> list[Measurement]:
    """Nothing for the original itself, or when it could not be measured: then its own cell says so."""
    if rounds.original is None:
        return []
    return [_ratio(rounds.own, rounds.original, *names, rounds.seed) for names in RATIOS]


def _ratio(own: Sequence[Samples], original: Sequence[Samples], quantity: str, clock: str, seed: int) -> Measurement:
    found = paired_ratio(medians(own, clock), medians(original, clock), LEVEL, seed)
    return Measurement(
        quantity=quantity,
        value=found.value,
        interval=found.interval,
        level=LEVEL if found.interval else None,
        n=found.n,
        method=found.method,
        reason=found.method if found.value is None else None,
    )
