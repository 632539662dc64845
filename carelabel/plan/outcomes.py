"""The closed set of ways in which a planned cell can end, and what the parent keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from carelabel.errors import Reason

__all__ = ["Built", "Outcome", "Outcomes", "Reason", "Status"]

Status = Literal["measured", "failed", "crashed", "timed_out", "skipped"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How one cell ended. Exactly one for every cell of the plan.

    Attributes:
        measurements: As JSON objects (see `carelabel.process.protocol`), empty unless measured.
        seconds: Wall time spent on it.
        log: Path of the worker's log, relative to the run folder.
        samples: Path of the raw samples, relative to the run folder.
    """

    candidate: str
    platform: str | None
    test: str
    status: Status
    reason: Reason | None = None
    measurements: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0
    log: str | None = None
    samples: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """How the building of one candidate ended.

    Attributes:
        status: built, failed or skipped.
        artefact: The artefact as JSON, when built.
        parity: Parity figures as JSON, when they were taken.
        parity_on: The same by platform, where another engine, hardware or environment runs it.
        cached: True when an earlier run's artefact was taken over.
    """

    candidate: str
    status: Literal["built", "failed", "skipped"]
    reason: Reason | None = None
    artefact: Mapping[str, Any] | None = None
    sha256: str | None = None
    bytes: int | None = None
    convert_s: float | None = None
    compile_s: float | None = None
    parity: Mapping[str, Any] | None = None
    parity_on: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cached: bool = False
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """All that came of a plan.

    Attributes:
        accounting: Category to seconds: where the run's wall time went.
        environment: Lock scope and the like, for the label.
        sensors: Platform independent: meter id to its probe's answer.
        folder: The run folder.
    """

    built: tuple[Built, ...]
    cells: tuple[Outcome, ...]
    accounting: Mapping[str, float]
    environment: Mapping[str, Any]
    sensors: tuple[Mapping[str, Any], ...]
    folder: str
