"""Two ways to tell how far a run is, both on stderr: a line that moves on a terminal, plain lines elsewhere.

Neither has a thread: something is drawn inside the methods only, which are called between turns.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final, TextIO

from carelabel.execute.progress import Progress, Silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

REDRAW_S: Final = 0.5
PLAIN_S: Final = 5.0
_FAR: Final = 3600.0


def choose_progress(*, quiet: bool, stream: TextIO | None = None) -> Progress:
    """What fits: nothing when quiet, plain lines when the stream is no terminal."""
    stream = stream or sys.stderr
    if quiet:
        return Silence()
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return MovingProgress(stream)
    return PlainProgress(stream)


def duration(seconds: float) -> str:
    """Seconds as a person reads them: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < _FAR else f"{whole // 3600} h {whole % 3600 // 60} min"


class Pace:
    """How far a phase is, and how long its rest will take at the pace so far."""

    def __init__(self, name: str, total: float | None, clock: Callable[[], float]) -> None:
        self.name = name
        self.total = total
        self.done = 0.0
        self._clock = clock
        self._begin = clock()

    @property
    def seconds(self) -> float:
        """Since the phase began."""
        return self._clock() - self._begin

    @property
    def left_s(self) -> float | None:
        """Seconds that are left, or None as long as nothing is known."""
        if not self.total or not self.done:
            return None
        return max(self.seconds * (self.total - self.done) / self.done, 0.0)

    @property
    def text(self) -> str:
        """Such as "3 of 12, about 40 s left"."""
        count = f"{self.done:g} of {self.total:g}" if self.total else duration(self.seconds)
        left = self.left_s
        return count if left is None else f"{count}, about {duration(left)} left"


class PlainProgress:
    """A line for each phase, and one at most every five seconds in between."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._pace: Pace | None = None
        self._said = clock()

    def phase(self, name: str, total: float | None = None) -> None:
        """A phase begins."""
        self._pace = Pace(name, total, self._clock)
        self._say(f"{name} ({total:g} step{'s' * (total != 1)})" if total else name)

    def step(self, text: str, advance: float = 1.0) -> None:
        """A step is done."""
        if self._pace is None:
            return
        self._pace.done += advance
        if self._clock() - self._said >= PLAIN_S:
            self._say(f"{self._pace.name}: {self._pace.text}: {text}")

    def note(self, text: str) -> None:
        """Something worth a line."""
        self._say(f"note: {text}")

    def finish(self) -> None:
        """The run is over; its lines stand where they are."""
        self._pace = None

    def _say(self, line: str) -> None:
        self._said = self._clock()
        print(f"carelabel: {' '.join(line.split())}", file=self._stream, flush=True)


class MovingProgress:
    """One line at the foot of the terminal, drawn anew twice a second at most; a finished phase leaves a line."""

    def __init__(
        self, stream: TextIO, clock: Callable[[], float] = time.monotonic, console: Console | None = None
    ) -> None:
        from rich.console import Console as RichConsole  # noqa: PLC0415 - here and below: plain lines go without rich
        from rich.live import Live  # noqa: PLC0415

        self._clock = clock
        self._console = console or RichConsole(file=stream, highlight=False)
        self._live = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._pace: Pace | None = None
        self._drawn = clock()

    def phase(self, name: str, total: float | None = None) -> None:
        """A phase begins."""
        self._close_phase()
        self._pace = Pace(name, total, self._clock)
        if not self._live.is_started:
            self._live.start()
        self._draw("")

    def step(self, text: str, advance: float = 1.0) -> None:
        """A step is done."""
        if self._pace is None:
            return
        self._pace.done += advance
        if self._clock() - self._drawn >= REDRAW_S:
            self._draw(text)

    def note(self, text: str) -> None:
        """Something worth a line, which stays above the moving one."""
        self._console.print(f"note: {' '.join(text.split())}", markup=False, highlight=False)

    def finish(self) -> None:
        """The run is over; the moving line goes away."""
        self._close_phase()
        if self._live.is_started:
            self._live.stop()

    def _close_phase(self) -> None:
        if self._pace is not None:
            self._console.print(
                f"{self._pace.name}: {duration(self._pace.seconds)}", markup=False, highlight=False, style="dim"
            )
            self._pace = None
            self._live.update("")

    def _draw(self, text: str) -> None:
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 - as above
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        if self._pace is None:
            return
        line = Table.grid(padding=(0, 1), expand=True)
        for ratio in (3, None, None, 2):
            line.add_column(ratio=ratio, no_wrap=True, overflow="ellipsis")
        total = self._pace.total
        bar = ProgressBar(total=total, completed=self._pace.done, width=16) if total else ""
        line.add_row(Text(self._pace.name), bar, Text(self._pace.text), Text(text))
        self._live.update(line, refresh=True)
        self._drawn = self._clock()
