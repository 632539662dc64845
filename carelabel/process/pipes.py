"""The parent's ends of a worker's pipes: requests out, answers in, output into the log, and the process's end.

There are no threads and there is no polling: whoever waits sleeps until an answer, an end or output comes.
"""

from __future__ import annotations

import os
import selectors
import time
from typing import TYPE_CHECKING, Final, Self

from carelabel.base import linux
from carelabel.process.capped_log import CappedLog
from carelabel.process.protocol import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CHUNK: Final = 1 << 20


class Channel:
    """Three pipes and a descriptor that becomes readable when the worker ends.

    The descriptor is needed because the end of the answers' pipe need not be the worker's: a grandchild may hold it.

    Attributes:
        child_requests, child_answers: The worker's ends, until `give_child_ends`.
        answers: Where answers come.
        output: Drained whenever somebody waits.
    """

    def __init__(self, requests: tuple[int, int], answers: tuple[int, int], output: CappedLog) -> None:
        self.child_requests, self._requests = requests
        self.answers, self.child_answers = answers
        self.output = output
        os.set_blocking(self._requests, False)
        os.set_blocking(self.answers, False)
        self._exit: int | None = None
        self._buffer = bytearray()
        self._line_end = -1
        self._ended = False
        self._open = True

    @classmethod
    def open(cls, log: Path) -> Self:
        """Make the pipes of a worker that is about to be started.

        Raises:
            OSError: If the log cannot be written, or no more files can be opened; nothing is left open then.
        """
        output = CappedLog(log)
        pipes: list[tuple[int, int]] = []
        try:
            pipes += [os.pipe()]
            pipes += [os.pipe()]
        except OSError:
            for number in (number for pipe in pipes for number in pipe):
                os.close(number)
            output.give_writer()
            output.close()
            raise
        return cls(pipes[0], pipes[1], output)

    def give_child_ends(self) -> None:
        """Close the parent's copies of the worker's ends, once the worker has its own."""
        os.close(self.child_requests)
        os.close(self.child_answers)
        self.output.give_writer()

    def watch(self, pid: int) -> None:
        """Notice this child's end."""
        self._exit = linux.watch_exit(pid)

    def is_ready(self) -> bool:
        """Whether there is a whole line, or nothing more to wait for."""
        return self._line_end >= 0 or self._ended or self.overflows()

    def overflows(self) -> bool:
        """Whether a line is longer than a line may be."""
        return self._line_end < 0 and len(self._buffer) > MAX_LINE_BYTES

    def take_line(self) -> bytes | None:
        """The next line, or None when there is no whole one."""
        if self._line_end < 0:
            return None
        line = bytes(self._buffer[: self._line_end])
        del self._buffer[: self._line_end + 1]
        self._line_end = self._buffer.find(b"\n")
        return line

    def write(self, line: bytes, timeout_s: float) -> bool:
        """Write a line, while output goes on being drained. False when the worker does not read it in time.

        Raises:
            BrokenPipeError: If the worker has ended.
        """
        rest = memoryview(line)
        deadline = time.monotonic() + timeout_s
        while rest:
            try:
                rest = rest[os.write(self._requests, rest) :]
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                with selectors.DefaultSelector() as selector:
                    selector.register(self._requests, selectors.EVENT_WRITE, lambda: None)
                    self.output.register(selector)
                    _select(selector, min(left, self.output.pause_s() or left))
        return True

    def wait_for_exit(self, timeout_s: float) -> bool | None:
        """Wait for the worker's end, not reaping it. None when this system cannot say."""
        if self._exit is None:
            return None
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            with selectors.DefaultSelector() as selector:
                selector.register(self._exit, selectors.EVENT_READ, self._note_exit)
                self.output.register(selector)
                if self._exit in _select(selector, min(left, self.output.pause_s() or left)):
                    return True
            self.output.drain()
        return False

    def register(self, selector: selectors.BaseSelector) -> None:
        """Have everything watched that `wait` waits for."""
        selector.register(self.answers, selectors.EVENT_READ, self._pull)
        if self._exit is not None:
            selector.register(self._exit, selectors.EVENT_READ, self._note_exit)
        self.output.register(selector)

    def close(self) -> None:
        """Close everything; what is still in the output's pipe goes to the log first."""
        if self._open:
            self._open = False
            os.close(self._requests)
            os.close(self.answers)
            if self._exit is not None:
                os.close(self._exit)
            self.output.close()

    def _pull(self) -> None:
        try:
            chunk = os.read(self.answers, _CHUNK)
        except BlockingIOError:
            return
        if self._line_end < 0 and (found := chunk.find(b"\n")) >= 0:
            self._line_end = len(self._buffer) + found
        self._buffer += chunk
        self._ended = self._ended or not chunk

    def _note_exit(self) -> None:
        """The worker's last answer may still be in the pipe."""
        before = -1
        while before != len(self._buffer) and not self.overflows():
            before = len(self._buffer)
            self._pull()
        self._ended = True


def wait(channels: Sequence[Channel], timeout_s: float) -> Channel | None:
    """Sleep until one of them is ready; None when the time is over. The output of all of them is drained meanwhile."""
    deadline = time.monotonic() + timeout_s
    while True:
        for channel in channels:
            if channel.is_ready():
                return channel
        left = deadline - time.monotonic()
        pauses = [pause for channel in channels if (pause := channel.output.pause_s()) is not None]
        with selectors.DefaultSelector() as selector:
            for channel in channels:
                channel.register(selector)
            if not _select(selector, max(0.0, min([left, *pauses]))) and left <= 0:
                return None
        for channel in channels:
            channel.output.drain_after_pause()


def _select(selector: selectors.BaseSelector, timeout_s: float) -> set[int]:
    """Wait once, take what has come, and tell on which descriptors."""
    ready = selector.select(timeout_s)
    for key, _ in ready:
        key.data()
    return {key.fd for key, _ in ready}
