"""Was a turn disturbed? The time its threads stood ready and waited for a processor says so.

Wall over processor time cannot tell: it would flag every sleep and every call to an accelerator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carelabel.base import linux

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

CONTENDED_SHARE: Final = 0.10


def _steal_of_own_processors() -> int | None:
    return linux.steal_ns(linux.affinity())


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitCounters:
    """Counters in nanoseconds that only grow; None where the system has none.

    Attributes:
        wait: Time that this process's threads were ready to run and did not (/proc/self/task/*/schedstat).
            A thread that has ended takes its time with it.
        steal: Time that the hypervisor took from the processors of this process (/proc/stat, 10 ms steps).
    """

    wait: Callable[[], int | None] = linux.wait_ns
    steal: Callable[[], int | None] = _steal_of_own_processors

    def read(self) -> tuple[int | None, int | None]:
        """Both counters now."""
        return self.wait(), self.steal()


def seconds_between(before: int | None, after: int | None) -> float | None:
    """Growth of a counter in seconds, at least 0; None when it was not there."""
    return None if before is None or after is None else max(0, after - before) / 1e9


def wait_share(turns: Iterable[Mapping[str, float | None]]) -> float | None:
    """Wait and steal time over the time of the turns together; None where no turn has counters.

    It is above 1 when several threads wait at once. Steal time comes in steps of 10 ms, so that only the sum over
    turns means something.

    Args:
        turns: Samples with ``wait_s``, ``steal_s`` and ``turn_s``.
    """
    counted = [turn for turn in turns if turn["wait_s"] is not None or turn["steal_s"] is not None]
    total = sum(turn["turn_s"] or 0.0 for turn in counted)
    if total <= 0.0:
        return None
    return sum((turn["wait_s"] or 0.0) + (turn["steal_s"] or 0.0) for turn in counted) / total


def contended(share: float | None) -> bool:
    """Whether a share of waiting is so large that wall times say less than processor time and paired ratios."""
    return share is not None and share > CONTENDED_SHARE
