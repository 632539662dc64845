"""Time that imports take while something else is under way: unpickling brings in the libraries of what is unpickled."""

from __future__ import annotations

import builtins
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carelabel.worker.time_spent import Spent


@dataclass(kw_only=True, slots=True)
class Imports:
    """What the imports of a `with` block took.

    Attributes:
        seconds: Wall time, imports within imports counted once.
    """

    seconds: float = 0.0


@contextmanager
def imports_apart(spent: Spent, clock: Callable[[], float] = time.perf_counter) -> Iterator[Imports]:
    """Account for the imports that happen inside as ``import``, whatever else is going on.

    Import statements of this thread are seen, and those of extension modules (the unpickler's); a direct call of
    `importlib.import_module` is seen by the import statements of the module it loads.
    """
    found, thread, within = Imports(), threading.get_ident(), False
    plain = builtins.__import__

    def watched(*args: Any, **keywords: Any) -> Any:  # noqa: ANN401 - as the function it stands for
        nonlocal within
        if within or threading.get_ident() != thread:
            return plain(*args, **keywords)
        within, begin = True, clock()
        try:
            with spent.on("import"):
                return plain(*args, **keywords)
        finally:
            within = False
            found.seconds += clock() - begin

    builtins.__import__ = watched
    try:
        yield found
    finally:
        builtins.__import__ = plain
