"""Where wall time went, with a clock that is told the time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from carelabel.process.time_accounting import Account


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


def test_parallel_seconds_are_divided_by_how_many_were_at_work() -> None:
    clock = Clock()
    account = Account(clock)
    first, second = account.watch(session()), account.watch(session())
    with account.parallel() as at_work:
        at_work.begin()
        at_work.begin()
        clock.now += 4.0
        first.spent["convert"] = 4.0
        second.spent["import"] = 4.0
        at_work.end()
        at_work.end()
    first.spent["turn"] = 3.0
    clock.now += 3.0
    assert account.close() == {"convert": 2.0, "import": 2.0, "turn": 3.0, "overhead": 0.0, "total": 7.0}


def test_what_nobody_did_in_a_parallel_phase_stays_overhead() -> None:
    """Two workers are asked for 5 s, account for 4 s of them each, and then nobody is asked for 3 s."""
    clock = Clock()
    account = Account(clock)
    first, second = account.watch(session()), account.watch(session())
    with account.parallel() as at_work:
        at_work.begin()
        at_work.begin()
        clock.now += 5.0
        first.spent["convert"] = second.spent["convert"] = 4.0
        at_work.end()
        at_work.end()
        clock.now += 3.0
    assert account.close() == {"convert": 4.0, "overhead": 4.0, "total": 8.0}


def test_a_parallel_phase_of_one_worker_is_not_scaled() -> None:
    clock = Clock()
    account = Account(clock)
    worker = account.watch(session())
    with account.parallel() as at_work:
        at_work.begin()
        clock.now += 2.0
        worker.spent["convert"] = 1.0
        at_work.end()
        clock.now += 2.0
    assert account.close() == {"convert": 1.0, "overhead": 3.0, "total": 4.0}
