"""Memory of this process: what is resident, and how far the peak rose above it.

Never by ``ru_maxrss``: a child inherits its parent's. Nothing here imports numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from carelabel.base import linux

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

RESET: Final = "peak reset by clear_refs, then VmHWM - VmRSS"
GREW: Final = "fall-back without clear_refs: VmHWM after - VmRSS before, known because the peak of the whole life rose"
UNKNOWN: Final = "fall-back without clear_refs found nothing: the call stayed below an earlier peak of the process"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Where the figures come from; tests put recorded ones here.

    Attributes:
        resident: VmRSS in bytes, or None.
        peak: VmHWM in bytes, or None.
        reset: Brings VmHWM down to VmRSS; True when the kernel did.
    """

    resident: Callable[[], int | None] = linux.resident_bytes
    peak: Callable[[], int | None] = linux.peak_bytes
    reset: Callable[[], bool | None] = linux.reset_peak


@dataclass(frozen=True, kw_only=True, slots=True)
class Peak:
    """A peak over what was resident before.

    Attributes:
        bytes: At least 0, or None with a reason.
        method: How it was taken, the fall-back named.
    """

    bytes: int | None
    method: str
    reason: str | None = None


def resident(reader: Reader | None = None) -> int | None:
    """Resident bytes of this process now, or None where the system does not say."""
    return (reader or Reader()).resident()


def peak_of(call: Callable[[], T], reader: Reader | None = None) -> tuple[T, Peak]:
    """Run a call and find out how far it drove the memory above what was resident before.

    Args:
        call: Whatever is to be measured.
        reader: Where the figures come from.

    Returns:
        The call's result, which lives on, and the peak: touched memory in steps of pages.
    """
    reader = reader or Reader()
    was_reset = bool(reader.reset())
    before, earlier = reader.resident(), reader.peak()
    result = call()
    after = reader.peak()
    if before is None or earlier is None or after is None:
        reason = "this system does not tell a process its own peak memory"
        return result, Peak(bytes=None, method="no VmHWM and VmRSS", reason=reason)
    if was_reset:
        return result, Peak(bytes=max(0, after - before), method=RESET)
    if after > earlier:
        return result, Peak(bytes=after - before, method=GREW)
    reason = "the kernel has no clear_refs, and the call stayed below an earlier peak of this process"
    return result, Peak(bytes=None, method=UNKNOWN, reason=reason)
