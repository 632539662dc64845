"""The parent's handle on one worker: spawn it, ask it, wait for it, freeze it, and know how it ended.

Workers are spawned by the main thread, because the system ties their death signal to the thread that started them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final, Self

from carelabel.base import linux
from carelabel.plan.outcomes import Reason
from carelabel.process.environment import worker_environment
from carelabel.process.exit_status import Status, WorkerError, crash_reason, failure
from carelabel.process.pipes import Channel, wait
from carelabel.process.process_tree import end_family
from carelabel.process.protocol import MAX_LINE_BYTES, decode, encode, objection, seconds_of
from carelabel.process.spawn import check_can_start, start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from carelabel.plan import PlannedPlatform

__all__ = ["Session", "WorkerError", "first_ready"]

_SEND_TIMEOUT_S: Final = 30.0
_EXIT_GRACE_S: Final = 0.5
_LAST_WORDS_S: Final = 2.0
_LAST_WORD_GAP_S: Final = 0.02


class Session:
    """One worker process. Made by `spawn`; a context manager that closes it, or kills it on an exception.

    Attributes:
        name: For logs and errors.
        pid: Of the worker, which leads a session and a process group of its own.
        log: Where its stdout and stderr go.
        spent: Category to seconds that the worker has accounted for so far.
        spawned_ns: `time.monotonic_ns` just before it was started.
        channel: Its pipes.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], channel: Channel, *, name: str, log: Path, spawned_ns: int
    ) -> None:
        self.name = name
        self.pid = process.pid
        self.log = log
        self.spent: dict[str, float] = {}
        self.spawned_ns = spawned_ns
        self._process = process
        self.channel = channel
        self._out_of_memory_kills = linux.out_of_memory_kills()
        self._last_id = 0
        self._op = self._asked = ""
        self._death: WorkerError | None = None
        channel.watch(process.pid)

    @classmethod
    def spawn(  # noqa: PLR0913 - each a fact of its own, all but one by keyword
        cls,
        role: str,
        *,
        name: str,
        log: Path,
        platform: PlannedPlatform | None = None,
        env: Mapping[str, str] | None = None,
        processors: Sequence[int] | None = None,
    ) -> Self:
        """Start a worker; it is not waited for.

        Args:
            role: inspector, converter, candidate or scorer.
            name: Unique in the run, for logs.
            log: File that its output is appended to, at most about 1 MiB of it.
            platform: Threads, pinning and environment; None leaves all three to the libraries.
            env: Variables that override everything else.
            processors: Numbers of the processors to use, instead of a choice of `platform.pin` among the allowed.

        Raises:
            WorkerError: If the system cannot start another process.
            UsageError: On systems without POSIX processes.
        """
        check_can_start()
        try:
            channel = Channel.open(log)
        except OSError as error:
            raise _not_started(error, log) from error
        spawned_ns = time.monotonic_ns()
        options = {
            "role": role,
            "name": name,
            "pin": platform.pin if platform else None,
            "processors": list(processors) if processors else None,
            "spawned_ns": spawned_ns,
        }
        try:
            process = start(channel, options, worker_environment(platform, os.environ, env or {}))
        except OSError as error:
            channel.close()
            raise _not_started(error, log) from error
        return cls(process, channel, name=name, log=log, spawned_ns=spawned_ns)

    def ask(self, op: str, timeout_s: float, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
        """Send a request and wait for its result.

        Raises:
            WorkerError: If there is none within `timeout_s`, or the worker answers with an error, or ends.
        """
        self.send(op, **fields)
        return self.receive(timeout_s)

    def send(self, op: str, **fields: Any) -> None:  # noqa: ANN401 - JSON values
        """Send a request; its result is fetched by `receive`.

        Raises:
            WorkerError: If the worker is dead.
        """
        self._raise_if_dead()
        self._last_id += 1
        self._op, self._asked = op, f"{op} {fields.get('what', '')}".strip()
        try:
            in_time = self.channel.write(encode({**fields, "id": self._last_id, "op": op}), _SEND_TIMEOUT_S)
        except BrokenPipeError:
            raise self._crash() from None
        if not in_time:
            text = f"the worker did not read its request {op!r} within {_SEND_TIMEOUT_S:g} s"
            raise self._end(status="timed_out", reason=Reason(code="timeout", text=text))

    def receive(self, timeout_s: float, *, limit_s: float | None = None) -> dict[str, Any]:
        """Wait for the result of the last request.

        Args:
            timeout_s: Seconds from now on.
            limit_s: Seconds that it had in all, for the error's text; `timeout_s` by default.

        Raises:
            WorkerError: As `ask`.
        """
        self._raise_if_dead()
        if wait([self.channel], timeout_s) is None:
            self._hear_last_words()
            text = f"no answer to {self._op!r} within {timeout_s if limit_s is None else limit_s:g} s"
            raise self._end(
                status="timed_out", reason=Reason(code="timeout", text=text, hint="its log says where it was")
            )
        line = self.channel.take_line()
        if line is not None:
            return self._result(line)
        if self.channel.overflows():
            text = f"an answer must have at most {MAX_LINE_BYTES} bytes; that to {self._op!r} has more"
            raise self._end(status="crashed", reason=Reason(code="too-large", text=text))
        raise self._crash()

    def fileno(self) -> int:
        """The descriptor on which answers come; `first_ready` also watches for ends and drains output."""
        return self.channel.answers

    def is_ready(self) -> bool:
        """Whether `receive` would return or raise at once."""
        return self._death is not None or self.channel.is_ready()

    def freeze(self) -> None:
        """Stop the worker and its process group, so that an idle worker's threads take no processor time."""
        if self._death is None:
            linux.freeze_group(self.pid)

    def thaw(self) -> None:
        """Let a frozen worker go on."""
        if self._death is None:
            linux.thaw_group(self.pid)

    def close(self, grace_s: float = 2.0) -> None:
        """Let the worker finish its output, for at most `grace_s`, then end it and all that it started.

        It is ended by the parent while it still lives: only then its daemons are found from it.
        """
        if self._death is None:
            self.thaw()
            with contextlib.suppress(WorkerError):  # a worker that died in the meantime is closed, too
                self.send("close")
                self.receive(grace_s)
            self.kill()

    def kill(self) -> None:
        """End the worker and every process it started, now."""
        if self._death is None:
            self._end(status="crashed", reason=Reason(code="closed", text=f"worker {self.name} has been closed"))

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; after an exception (ctrl-C included) without grace."""
        if kind is None:
            self.close()
        else:
            self.kill()

    def _result(self, line: bytes) -> dict[str, Any]:
        try:
            answer = decode(line)
        except ValueError:
            text = f"an answer must be a JSON object; that to {self._op!r} begins with {line[:40]!r}"
            raise self._end(status="crashed", reason=Reason(code="not-json", text=text)) from None
        content = answer.get("result" if answer.get("ok") else "error")
        if answer.get("id") != self._last_id or not isinstance(content, dict):
            text = f"an answer must belong to request {self._last_id} ({self._op!r}), got one to {answer.get('id')!r}"
            raise self._end(status="crashed", reason=Reason(code="wrong-answer", text=text))
        try:
            spent = seconds_of(content)
            wrong = objection(self._asked, content) if answer["ok"] else ""
        except ValueError as error:
            wrong = str(error)
        if wrong:
            raise self._end(status="crashed", reason=Reason(code="wrong-answer", text=wrong))
        for category, seconds in spent.items():
            self.spent[category] = self.spent.get(category, 0.0) + seconds
        if not answer["ok"]:
            raise failure(content, self.log)
        return content

    def _raise_if_dead(self) -> None:
        if self._death is not None:
            raise self._death

    def _hear_last_words(self) -> None:
        """Have a hanging worker write its stacks to its log (see `worker`); nothing is measured any more."""
        if sys.platform == "win32":
            return
        self._process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + _LAST_WORDS_S
        heard = self.channel.output.wait(_LAST_WORDS_S)
        while heard and time.monotonic() < deadline:
            heard = self.channel.output.wait(_LAST_WORD_GAP_S)

    def _crash(self) -> WorkerError:
        """The worker ended, or closed its pipe, without having been asked to."""
        if not self._has_exited():
            text = f"the worker closed its pipe while it did {self._op!r}"
            return self._end(status="crashed", reason=Reason(code="closed-pipe", text=text, hint="see its log"))
        self._end_processes()
        self.channel.output.drain()
        reason = crash_reason(self._process.returncode, self._op, memory_ran_out=self._memory_ran_out())
        return self._end(status="crashed", reason=reason)

    def _has_exited(self) -> bool:
        """Whether the process ends within a moment. Where possible it is not reaped: its number stays taken."""
        exited = self.channel.wait_for_exit(_EXIT_GRACE_S)
        if exited is not None:
            return exited
        with contextlib.suppress(subprocess.TimeoutExpired):  # which is the answer
            self._process.wait(_EXIT_GRACE_S)
        return self._process.returncode is not None

    def _memory_ran_out(self) -> bool:
        """SIGKILL counts as that only with the kernel's word for it; an abort only with that of the C++ runtime."""
        if self._process.returncode == -signal.SIGABRT:
            return b"bad_alloc" in self.channel.output.tail()
        if self._process.returncode != -signal.SIGKILL or self._out_of_memory_kills is None:
            return False
        return (linux.out_of_memory_kills() or 0) > self._out_of_memory_kills

    def _end_processes(self) -> None:
        if self._process.returncode is None:
            end_family(self.pid)
            self._process.wait()

    def _end(self, status: Status, reason: Reason) -> WorkerError:
        """Kill what is left, close everything, and remember why."""
        self._end_processes()
        self.channel.close()
        self._death = WorkerError(status, reason, self.log)
        return self._death


def _not_started(error: OSError, log: Path) -> WorkerError:
    reason = Reason(code="not-started", text=f"a worker could not be started: {error}")
    return WorkerError(status="crashed", reason=reason, log=log)


def first_ready(sessions: Sequence[Session], timeout_s: float) -> Session | None:
    """Sleep until one of the sessions has an answer or has ended; None when the time is over.

    The output of all of them is drained meanwhile, so that none of them blocks on a print.
    """
    for session in sessions:
        if session.is_ready():
            return session
    by_channel = {id(session.channel): session for session in sessions}
    ready = wait([session.channel for session in sessions], timeout_s)
    return None if ready is None else by_channel[id(ready)]
