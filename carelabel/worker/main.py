"""The program that workers run: operations by role, answered until the parent ends it.

It imports the standard library only until a request needs more, because its imports, its memory and its start are part
of what is measured. Pinning comes first, before anything that starts threads.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO

from carelabel.base import linux
from carelabel.process.refusal import RefusalError, describe
from carelabel.worker.pipe import Pipe
from carelabel.worker.time_spent import Spent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Operation = Callable[[Mapping[str, Any]], dict[str, Any]]

ROLES: Final = {
    "inspector": "carelabel.worker.inspector",
    "converter": "carelabel.worker.converter",
    "candidate": "carelabel.worker.candidate",
    "scorer": "carelabel.worker.scorer",
    "exporter": "carelabel.worker.exporter",
}
"""Role to the module whose ``operations(worker)`` gives its operations by name."""

_SYNTAX_EXIT: Final = 2


class Worker:
    """What all roles share: who it is, what it may use, and where its time went.

    Attributes:
        spawned_ns: `time.monotonic_ns` just before the parent started this process.
        bare_bytes: Resident memory before anything but the standard library was imported.
        refusal: Why nothing may be measured here, when the processors asked for are not there.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.role: str = options["role"]
        self.name: str = options["name"]
        self.spawned_ns: int = options["spawned_ns"]
        self.spent = Spent()
        self.refusal: RefusalError | None = None
        self._dies_with_parent = _tie_to_parent(options["parent"])
        self._pin(options["pin"], options["processors"])
        self._log = _keep_log()
        self.bare_bytes = linux.resident_bytes()
        self._ready_ns = time.monotonic_ns()
        self._operations: dict[str, Operation] = {
            "hello": self._hello,
            "modules": self._modules,
            "meters": self._meters,
        }

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a request asks; whatever the code raises becomes an error, with its traceback in the log."""
        answer: dict[str, Any] = {"id": request.get("id")}
        self.spent.take()
        try:
            result = self._operation(request.get("op"))(request)
        except SystemExit:
            raise  # a model that ends the process has crashed
        except BaseException as error:  # noqa: BLE001 - extension modules raise children of BaseException, too
            self.print_traceback(error)
            answer |= {"ok": False, "error": {**describe(error), "spent": self.spent.take()}}
        else:
            answer |= {"ok": True, "result": {**result, "spent": self.spent.take()}}
        return answer

    def print_traceback(self, error: BaseException) -> None:
        """Into the log, whatever has become of sys.stderr."""
        traceback.print_exception(error, file=self._log)
        self._log.flush()

    def _operation(self, name: object) -> Operation:
        if name == "close":
            return _finish_output
        if name not in self._operations and self.role in ROLES:
            if self.refusal is not None:
                raise self.refusal
            with self.spent.on("import"):
                module = importlib.import_module(ROLES[self.role])
            self._operations |= module.operations(self)
        if name not in self._operations:
            message = f"an op must be one of {', '.join(sorted(self._operations))}, got {name!r}"
            raise RefusalError(code="unknown-op", message=message)
        return self._operations[str(name)]

    def _pin(self, count: int | None, processors: list[int] | None) -> None:
        allowed = linux.affinity()
        if allowed is None or not (count or processors):
            return
        wanted = tuple(sorted(processors or linux.choose_processors(count or 0, allowed)))
        if set(wanted) <= set(allowed) and len(wanted) >= (count or 0) and linux.pin(wanted) == wanted:
            return
        asked = f"processors {wanted}" if processors else f"{count} processors"
        self.refusal = RefusalError(
            code="no-processors", message=f"the platform needs {asked}, and this worker may use {allowed}"
        )

    def _hello(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "python": sys.version.split()[0],
            "threads": linux.threads(),
            "affinity": linux.affinity(),
            "pinned": self.refusal is None,
            "dies_with_parent": self._dies_with_parent,
            "bare_bytes": self.bare_bytes,
            "start_s": (self._ready_ns - self.spawned_ns) / 1e9,
            **self._modules({}),
        }

    def _modules(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"modules": sorted({name.partition(".")[0] for name in sys.modules})}

    def _meters(self, request: Mapping[str, Any]) -> dict[str, Any]:
        from carelabel.worker.meters import probe  # noqa: PLC0415 - only what a request needs

        return {"sensors": [probe(item, self) for item in request["meters"]]}


def _tie_to_parent(parent: int) -> bool | None:
    """Die with the parent, also when it is killed; adopt orphans, so that the parent can find them from here."""
    tied = linux.die_with_parent()
    linux.adopt_orphans()
    if os.getppid() != parent:
        os._exit(0)  # it died before it was tied
    return tied


def _keep_log() -> TextIO:
    """A copy of stderr that models cannot redirect: for tracebacks, crashes, and stacks on SIGUSR1 from the parent."""
    import fcntl  # noqa: PLC0415 - not on every system, and only workers come here

    log = os.fdopen(fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, 100), "w", encoding="utf-8", errors="backslashreplace")
    faulthandler.enable(log)
    faulthandler.register(signal.SIGUSR1, log)
    return log


def serve(pipe: Pipe, worker: Worker) -> None:
    """Answer until the parent closes the pipe, or ends this process."""
    while (request := pipe.read()) is not None:
        pipe.write(worker.answer(request))


def main(argv: list[str]) -> NoReturn:
    """Serve, then end without running what libraries want to do at exit: it may hang, and nobody waits for it."""
    if len(argv) != 2:  # noqa: PLR2004 - the program and its options
        sys.stderr.write("a worker is started by carelabel itself\n")
        sys.exit(_SYNTAX_EXIT)
    options = json.loads(argv[1])
    pipe = Pipe(options["requests"], options["answers"])
    worker = Worker(options)
    code = 0
    try:
        serve(pipe, worker)
    except SystemExit as error:
        worker.print_traceback(error)
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    _flush()
    os._exit(code & 0xFF)


def _finish_output(_: Mapping[str, Any]) -> dict[str, Any]:
    """The last request: the parent ends this process after the answer."""
    _flush()
    return {}


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # a model may have closed or replaced it: nothing is left to say
            continue


if __name__ == "__main__":
    main(sys.argv)
