"""What a user asks of one run, parsed and typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One ``--set TEST.PARAM=VALUE``: the id before the last dot, the parameter behind it, the value as YAML has it."""

    test: str
    parameter: str
    value: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """Everything that ``carelabel run`` and ``carelabel plan`` take.

    Attributes:
        suite: Name of a suite in configs/ or path of a YAML file.
        only, skip: Globs over ids of tests, metrics, converters, candidates and platforms.
        budget_s: Seconds for all paired measuring together; None leaves it to the suite.
        disabled: Entry points of plugins that are not loaded.
        rating: Name of a rating scale in configs/ or path of a YAML file.
        argv: The command line, for the label's reproduce section.
    """

    model: Path
    meta: Path
    suite: str = "quick"
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    budget_s: float | None = None
    resume: bool = False
    trust_pickle: bool = False
    seed: int = 0
    disabled: tuple[str, ...] = ()
    strict_plugins: bool = False
    argv: tuple[str, ...] = ()
    rating: str = "default"
