"""A worker's output, drained by the parent into a log file that cannot fill the disk.

Why a pipe: a limit on file sizes (RLIMIT_FSIZE) would also hit the artefacts a converter writes, a log that is checked
now and then can fill the disk in between, and a thread or a helper process beside the worker would take part in what is
measured. The parent sits in `select` anyway while it waits for an answer; the pipe is one more descriptor there. So a
quiet model never wakes it, a huge print is thrown away as fast as it comes, and output that a crashing worker leaves
in the pipe is not lost.
"""

from __future__ import annotations

import os
import selectors
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from carelabel.base import linux

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD_BYTES: Final = 1 << 20
TAIL_BYTES: Final = 64 << 10
_CHUNK: Final = 1 << 16
_PIPE_BYTES: Final = 1 << 20
_PAUSE_S: Final = 0.05


class CappedLog:
    """The reading end of a worker's stdout and stderr.

    The first `HEAD_BYTES` go to the file as they come; of the rest the last `TAIL_BYTES` follow when the log is closed,
    because that is where a crash says its last words.

    After a trickle of output the parent looks again 50 ms later instead of waking at every line, because a waking
    parent disturbs what is measured; a flood is drained without a pause.

    Attributes:
        writer: The end that the worker gets; the parent closes its copy with `give_writer`.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        try:
            self._reader, self.writer = os.pipe()
        except OSError:
            self._file.close()
            raise
        os.set_blocking(self._reader, False)
        linux.widen_pipe(self._reader, _PIPE_BYTES)
        self._clock = clock
        self._room = HEAD_BYTES
        self._left_out = 0
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._pause_until: float | None = None
        self._open = True

    def give_writer(self) -> None:
        """Close the parent's copy of the writing end, once the worker has its own."""
        os.close(self.writer)

    def register(self, selector: selectors.BaseSelector) -> None:
        """Have it drained when output comes, unless it pauses."""
        if self._open and self._pause_until is None:
            selector.register(self._reader, selectors.EVENT_READ, self.drain)

    def pause_s(self) -> float | None:
        """Seconds until `drain_after_pause` is due, or None when output is waited for."""
        return None if self._pause_until is None else max(0.0, self._pause_until - self._clock())

    def drain_after_pause(self) -> None:
        """Drain it if a pause is over."""
        if self.pause_s() == 0.0:
            self.drain()

    def drain(self) -> int:
        """Take what there is, without waiting. Returns the number of bytes."""
        taken = 0
        while taken < _PIPE_BYTES and (chunk := self._read()):
            self._keep(chunk)
            taken += len(chunk)
        trickles = self._open and 0 < taken < _CHUNK
        self._pause_until = self._clock() + _PAUSE_S if trickles else None
        return taken

    def wait(self, timeout_s: float) -> bool:
        """Wait for output and drain it. False when none comes."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            return bool(selector.select(timeout_s)) and self.drain() > 0

    def tail(self) -> bytes:
        """The last bytes that came, for finding a reason in them."""
        return b"".join(self._tail)[-TAIL_BYTES:]

    def close(self) -> None:
        """Take the rest and close the file."""
        if self._file.closed:
            return
        self.drain()
        if self._left_out:
            tail = self.tail()[-self._left_out :]
            note = f"\n... {self._left_out - len(tail)} bytes of output left out ...\n"
            self._file.write(note.encode() + tail)
        self._file.close()
        os.close(self._reader)
        self._open = False

    def _read(self) -> bytes:
        if not self._open:
            return b""
        try:
            chunk = os.read(self._reader, _CHUNK)
        except BlockingIOError:
            return b""
        self._open = bool(chunk)
        return chunk

    def _keep(self, chunk: bytes) -> None:
        if self._room:
            self._file.write(chunk[: self._room])
        self._left_out += max(0, len(chunk) - self._room)
        self._room = max(0, self._room - len(chunk))
        self._tail.append(chunk)
        self._tail_bytes += len(chunk)
        while self._tail_bytes - len(self._tail[0]) >= TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft())
