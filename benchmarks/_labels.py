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
from carelabel.options import RunOptions, Setting
from carelabel.run.progress import Silence

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(kw_only=True)
class Watch(Silence):
    """Progress that notes when phases begin and how much processor time this process has used by then."""

    phases: list[tuple[str, float, float]] = field(default_factory=list)

    def phase(self, name: str, total: float | None = None) -> None:
        """Note it."""
        del total
        used = resource.getrusage(resource.RUSAGE_SELF)
        self.phases.append((name, time.monotonic(), used.ru_utime + used.ru_stime))

    def finish(self) -> None:
        """Note the end."""
        self.phase("end")

    def shares(self, word: str) -> dict[str, tuple[float, float]]:
        """Phases whose name holds a word: their seconds, and processor time of this process over them."""
        following = zip(self.phases, self.phases[1:], strict=False)
        return {
            name: (then - begin, (used - before) / (then - begin))
            for (name, begin, before), (_, then, used) in following
            if word in name and then > begin
        }


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
