"""The log of a worker: all of a little, the first and the last of a lot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from carelabel.process.capped_log import HEAD_BYTES, TAIL_BYTES, CappedLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> Iterator[CappedLog]:
    made = CappedLog(tmp_path / "x.log", clock=clock)
    yield made
    made.close()


def test_a_trickle_is_looked_at_later_and_a_flood_at_once(log: CappedLog, clock: Clock) -> None:
    assert log.pause_s() is None
    os.write(log.writer, b"a line\n")
    assert log.drain() == 7
    assert log.pause_s() == pytest.approx(0.05)
    clock.now += 0.06
    assert log.pause_s() == 0.0
    log.drain_after_pause()
    assert log.pause_s() is None
    os.write(log.writer, b"x" * (1 << 16))
    assert log.drain() == 1 << 16
    assert log.pause_s() is None
    log.give_writer()


@pytest.mark.parametrize(
    "size", [0, 10, HEAD_BYTES, HEAD_BYTES + 1, HEAD_BYTES + TAIL_BYTES, HEAD_BYTES + 3 * TAIL_BYTES]
)
def test_head_and_tail_are_kept(log: CappedLog, tmp_path: Path, size: int) -> None:
    content = bytes(index % 251 for index in range(size))
    for start in range(0, size, 50_000):
        os.write(log.writer, content[start : start + 50_000])
        log.drain()
    log.give_writer()
    log.close()
    written = (tmp_path / "x.log").read_bytes()
    assert written.startswith(content[:HEAD_BYTES])
    left_out = size - HEAD_BYTES
    if left_out <= 0:
        assert written == content
    else:
        assert written.endswith(b"\n" + content[-min(left_out, TAIL_BYTES) :])
        assert f"... {max(0, left_out - TAIL_BYTES)} bytes of output left out ...".encode() in written


def test_a_log_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.log"
    for text in (b"one\n", b"two\n"):
        log = CappedLog(path)
        os.write(log.writer, text)
        log.give_writer()
        log.close()
    assert path.read_text() == "one\ntwo\n"
