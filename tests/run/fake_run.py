"""A run between fake workers: what the parent does with them, without a process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.execute.run_state import Running
from carelabel.plan.outcomes import Reason
from carelabel.process.worker_handle import WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

LOG = Path("worker.log")
FORMATS = frozenset({"woodwork-file", "planks"})
ONE, TWO = {"batch": 1}, {"batch": 64}


def refusal(text: str) -> WorkerError:
    return WorkerError("failed", Reason(code="exception", text=text), LOG)


@dataclass
class FakeWorker:
    """A candidate's worker: names its points, and its turns say whose they are."""

    name: str
    points: list[Any]
    log: Path = LOG
    turns: int = 0
    now: str = "open"

    def ask(self, op: str, _: float, **fields: Any) -> dict[str, Any]:
        if op == "setup":
            return {"points": self.points}
        if op != "turn":
            return {}
        self.turns += 1
        return {"samples": {"of": self.name, "point": fields["point"]}}

    def is_ready(self) -> bool:
        return self.now == "dead"

    def thaw(self) -> None:
        pass

    def freeze(self) -> None:
        self.now = "frozen"

    def close(self) -> None:
        self.now = "closed"


def spawns(monkeypatch: pytest.MonkeyPatch, points: Callable[[str], list[Any]]) -> dict[str, FakeWorker]:
    """Let runs start fake workers that name these points for a candidate; by name, as they are started."""
    started: dict[str, FakeWorker] = {}

    def opening(_: Running, candidate: Any, *__: Any) -> dict[str, Any]:
        return {"candidate": candidate.id}

    def spawn(_: Running, __: str, name: str, *___: Any) -> FakeWorker:
        started[name] = FakeWorker(name, points(name.partition("@")[0]))
        return started[name]

    monkeypatch.setattr(Running, "spawn", spawn)
    monkeypatch.setattr(Running, "opening", opening)
    return started
