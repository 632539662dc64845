"""How a run tells a person where it is. Called between turns only: nothing is drawn while something is timed."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Where news of a run go."""

    def phase(self, name: str, total: float | None = None) -> None:
        """A phase begins; `total` is its expected length in steps, None when unknown."""

    def step(self, text: str, advance: float = 1.0) -> None:
        """A step of the phase is done."""

    def note(self, text: str) -> None:
        """Something worth a line: a wait for the lock, a failed cell."""

    def finish(self) -> None:
        """The run is over."""


class Silence:
    """No news."""

    def phase(self, name: str, total: float | None = None) -> None:
        """Say nothing."""

    def step(self, text: str, advance: float = 1.0) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def finish(self) -> None:
        """Say nothing."""
