"""Where wall time went, with a clock that is told the time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from carelabel.run.account import Account


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def session(**spent: float) -> Any:
    return SimpleNamespace(spent=dict(spent))


def test_what_no_worker_accounts_for_is_overhead() -> None:
    clock = Clock()
    account = Account(clock)
    worker = account.watch(session())
    worker.spent |= {"turn": 6.0, "import": 2.0}
    account.add("waiting", 1.0)
    clock.now += 10.0
    assert account.close() == {"import": 2.0, "turn": 6.0, "waiting": 1.0, "overhead": 1.0, "total": 10.0}


def test_parallel_seconds_are_scaled_to_the_wall_time_of_the_phase() -> None:
    clock = Clock()
    account = Account(clock)
    first, second = account.watch(session()), account.watch(session())
    with account.parallel():
        first.spent["convert"] = 6.0
        second.spent["import"] = 2.0
        clock.now += 4.0
    first.spent["turn"] = 3.0
    clock.now += 3.0
    assert account.close() == {"convert": 3.0, "import": 1.0, "turn": 3.0, "overhead": 0.0, "total": 7.0}


def test_a_parallel_phase_in_which_workers_idled_is_not_scaled_up() -> None:
    clock = Clock()
    account = Account(clock)
    worker = account.watch(session())
    with account.parallel():
        worker.spent["convert"] = 1.0
        clock.now += 4.0
    assert account.close() == {"convert": 1.0, "overhead": 3.0, "total": 4.0}
