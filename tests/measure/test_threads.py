"""Threads that work are counted, threads that are only there are not."""

from __future__ import annotations

import _thread
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.base import linux
from carelabel.measure.threads import crew, more_than_granted
from carelabel.plugin.interfaces import PlatformSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORK_NS = 20_000_000


def work(*_: Any) -> None:
    """Processor time of the thread, not of the clock: it is the same on a busy machine."""
    until = time.thread_time_ns() + WORK_NS
    while time.thread_time_ns() < until:
        pass


def in_a_crowd(call: Callable[[Any], Any], threads: int) -> Callable[[Any], Any]:
    """A call that begins some threads more and ends them, as that of a forest with ``n_jobs`` does."""

    def crowded(x: Any) -> Any:
        together = threading.Barrier(threads)
        begun = [threading.Thread(target=together.wait) for _ in range(threads)]
        for thread in begun:
            thread.start()
        for thread in begun:
            thread.join()
        return call(x)

    return crowded


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Two threads that are there already, and sleep."""
    with ThreadPoolExecutor(2) as found:
        barrier = threading.Barrier(2)
        list(found.map(lambda _: barrier.wait(), range(2)))
        yield found


@pytest.mark.usefixtures("pool")
def test_a_thread_that_sleeps_is_not_counted() -> None:
    with crew() as found:
        work()
    assert found.count == 1


def test_threads_of_a_pool_that_was_there_are_counted_when_they_work(pool: ThreadPoolExecutor) -> None:
    barrier = threading.Barrier(2)
    with crew() as found:
        list(pool.map(lambda _: (barrier.wait(), work()), range(2)))
        work()
    assert found.count == 3


def test_threads_that_every_call_begins_and_ends_are_counted_once() -> None:
    call = in_a_crowd(work, threads=4)
    with crew() as found:
        for _ in range(3):
            call(None)
    assert found.count == 5
    assert threading.getprofile() is None


def test_a_thread_that_python_knows_nothing_of_is_seen_by_its_processor_time() -> None:
    done = threading.Event()

    def unknown() -> None:
        work()
        done.set()

    with crew() as found:
        _thread.start_new_thread(unknown, ())
        assert done.wait(60)
    assert found.count == 2


def test_where_the_system_does_not_say_there_is_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "run_ns_by_thread", lambda: None)
    with crew() as found:
        pass
    assert found.count is None


@pytest.mark.parametrize(
    ("count", "threads", "pin", "more"),
    [(1, 1, 1, False), (2, 1, 1, True), (4, 4, 4, False), (5, 4, 4, True), (9, 4, None, False), (None, 1, 1, False)],
)
def test_a_pinned_platform_grants_its_threads(*, count: int | None, threads: int, pin: int | None, more: bool) -> None:
    platform = PlatformSpec(id="cpu", tags=("cpu",), threads=threads, pin=pin)
    assert more_than_granted(count, platform) is more
