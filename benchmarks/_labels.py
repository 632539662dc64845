"""Labels of the demo's forest, made in this process, so that what the parent does can be watched."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel import pipeline
from carelabel.execute.progress import Silence
from carelabel.options import RunOptions, Setting

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(kw_only=True)
class Watch(Silence):
    """Progress that notes when rounds begin and end, and how much processor time this process has used by then.

    A phase's last step is its last round; what follows is the summary, when nothing is measured any more.
    """

    phases: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    _now: str = ""

    def phase(self, name: str, total: float | None = None) -> None:
        """Note the beginning."""
        del total
        self._now = name
        self.phases[name] = [_moment()]

    def step(self, text: str, advance: float = 1.0) -> None:
        """Note the end of a round."""
        del text, advance
        self.phases[self._now].append(_moment())

    def shares(self, word: str) -> dict[str, tuple[float, float]]:
        """Phases whose name holds a word: the seconds of their rounds, and processor time of this process over them."""
        found = {}
        for name, moments in self.phases.items():
            (begin, before), (end, after) = moments[0], moments[-1]
            if word in name and end > begin:
                found[name] = (end - begin, (after - before) / (end - begin))
        return found


def _moment() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), used.ru_utime + used.ru_stime


@contextlib.contextmanager
def demo() -> Iterator[Path]:
    """A folder with the demo's model and metadata, and a CARELABEL_HOME of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CARELABEL_HOME"] = f"{folder}/home"
        command = [sys.executable, "-m", "carelabel", "demo", f"{folder}/demo"]
        subprocess.run(command, check=True, capture_output=True)
        yield Path(folder) / "demo"


def options(folder: Path, *, only: tuple[str, ...] = (), skip: tuple[str, ...] = (), **changes: Any) -> RunOptions:  # noqa: ANN401 - of RunOptions
    """Options of a run on the demo."""
    given = {"model": folder / "model.pkl", "meta": folder / "meta.yaml", "trust_pickle": True}
    return RunOptions(**{**given, "only": only, "skip": skip, **changes})


def setting(test: str, parameter: str, value: Any) -> Setting:  # noqa: ANN401 - a parameter's
    """One ``--set``."""
    return Setting(test=test, parameter=parameter, value=value)


def labelled(given: RunOptions) -> tuple[dict[str, Any], Watch, float]:
    """The label, the watch and the wall time of one run."""
    watch, begin = Watch(), time.monotonic()
    label = pipeline.run(given, progress=watch).to_dict()
    return label, watch, time.monotonic() - begin
