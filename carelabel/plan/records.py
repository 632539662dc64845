"""The plan: which candidates are built and which cells are measured, in order, and what is left out and why.

A plan is a value. It can be written, read and diffed as JSON, and its hash is what a journal belongs to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from carelabel.base.json_codec import to_json

EXPORT = "export"
"""Kind of the converters that `carelabel export` runs; no plan holds one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedCandidate:
    """One form of the model: the original, or a converter's result on its parent.

    Attributes:
        id: Slugs joined by ``+``.
        backend: Id of the backend that loads it.
        framework: Of that backend.
        entry: Entry string of the converter; empty for the original.
        kinds: Kinds of the conversions on its path, in order.
        backends: Platform id to the id of the backend that runs it there; a platform that is missing cannot run it.
        backend_entries: Platform id to that backend's entry.
        lossless: Whether every conversion on its path claims to keep the model the same.
        versions: Of Python and of every distribution whose code takes part in its conversion; not of its parent's.
    """

    id: str
    parent: str | None
    converter: str | None
    entry: str
    backend: str
    backend_entry: str
    framework: str
    format: str
    kinds: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    backends: Mapping[str, str] = field(default_factory=dict)
    backend_entries: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    lossless: bool = True
    tolerance: str = ""
    timeout_s: float = 300.0
    memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedPlatform:
    """A platform of the plan, as `carelabel.plugin.interfaces.PlatformSpec` needs it."""

    id: str
    tags: tuple[str, ...]
    threads: int
    pin: int | None
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedTest:
    """A test or metric of the plan with its parameters.

    Attributes:
        kind: ``test`` or ``metric``.
        reusable: Whether the fresh worker of this test may go on to the timed rounds.
        budget_s: Seconds that a paired test may take on one platform: all blocks, candidates and points together.
    """

    id: str
    kind: str
    entry: str
    version: str
    group: str
    scope: str
    style: str
    place: str
    parameters: Mapping[str, Any]
    quantities: tuple[Mapping[str, Any], ...]
    timeout_s: float
    reusable: bool = False
    budget_s: float | None = None
    metric: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One thing to be measured: (candidate, platform or None, test)."""

    candidate: str
    platform: str | None
    test: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """Something that is not in the plan, with the rule that decided it. `what` may hold wildcards."""

    what: str
    code: str
    text: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything a run does, and everything its result depends on.

    Attributes:
        inputs: Hashes of model, metadata and data files.
        host: The parts of the host that figures depend on.
        versions: Versions of the tool, of Python and of every distribution whose code takes part.
        load_s, predict_s: Seconds that loading a candidate, and predicting all test rows, may take.
        processes: Of each candidate and platform in paired tests: round i is measured in process i modulo their number.
    """

    inputs: Mapping[str, str]
    host: Mapping[str, Any]
    versions: Mapping[str, str]
    suite: str
    task: str
    seed: int
    resamples: int
    budget_s: float | None
    candidates: tuple[PlannedCandidate, ...]
    platforms: tuple[PlannedPlatform, ...]
    tests: tuple[PlannedTest, ...]
    cells: tuple[Cell, ...]
    skipped: tuple[Skip, ...]
    meters: tuple[Mapping[str, str], ...] = ()
    parity: Mapping[str, Any] = field(default_factory=dict)
    processes: int = 1
    load_s: float = 120.0
    predict_s: float = 900.0

    def candidate(self, identifier: str) -> PlannedCandidate:
        """The candidate of that id."""
        return next(item for item in self.candidates if item.id == identifier)

    def platform(self, identifier: str) -> PlannedPlatform:
        """The platform of that id."""
        return next(item for item in self.platforms if item.id == identifier)

    def test(self, identifier: str) -> PlannedTest:
        """The test or metric of that id."""
        return next(item for item in self.tests if item.id == identifier)


def plan_sha256(plan: Plan) -> str:
    """Hash of the plan's canonical JSON: what a journal belongs to."""
    text = json.dumps(to_json(plan), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
