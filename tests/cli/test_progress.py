"""How a run tells where it is; a clock that only moves when told to."""

from __future__ import annotations

import io
import threading

import pytest
from rich.console import Console

from carelabel.cli.progress import MovingProgress, Pace, PlainProgress, choose_progress, duration
from carelabel.execute.progress import Silence


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (0.94, "0.9 s"), (1, "1 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_time_left_goes_by_the_pace_so_far() -> None:
    clock = Clock()
    pace = Pace("measuring", 10, clock)
    assert pace.left_s is None
    clock.now, pace.done = 106.0, 3
    assert pace.left_s == pytest.approx(14.0)
    assert pace.text == "3 of 10, about 14 s left"


def test_nothing_is_said_of_the_time_left_without_a_total() -> None:
    clock = Clock()
    pace = Pace("inspecting", None, clock)
    clock.now, pace.done = 103.0, 1
    assert (pace.left_s, pace.text) == (None, "3 s")


def test_plain_lines_come_at_phases_and_at_most_every_five_seconds() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = PlainProgress(stream, clock)
    progress.phase("reading")
    progress.phase("measuring", 4)
    for step in range(4):
        clock.now += 2.0
        progress.step(f"round {step + 1}")
    progress.note("one cell\nfailed")
    progress.finish()
    assert stream.getvalue().splitlines() == [
        "carelabel: reading",
        "carelabel: measuring (4 steps)",
        "carelabel: measuring: 3 of 4, about 2 s left: round 3",
        "carelabel: note: one cell failed",
    ]


def test_a_terminal_gets_a_line_that_is_drawn_twice_a_second_at_most_and_without_a_thread() -> None:
    clock, stream, threads = Clock(), Terminal(), threading.active_count()
    progress = MovingProgress(stream, clock, Console(file=stream, force_terminal=True, width=100))
    progress.phase("measuring", 100)
    drawn = []
    for step in range(20):
        clock.now += 0.2
        before = stream.tell()
        progress.step(f"round {step + 1}")
        drawn.append(stream.tell() > before)
    assert threading.active_count() == threads
    assert [number + 1 for number, there in enumerate(drawn) if there] == [3, 6, 9, 12, 15, 18]
    assert "18 of 100, about 16 s left" in stream.getvalue()
    progress.finish()
    assert "\x1b[?25h" in stream.getvalue()  # the cursor is back


def test_a_terminal_keeps_a_line_of_each_phase_and_each_note() -> None:
    clock, stream = Clock(), Terminal()
    progress = MovingProgress(stream, clock, Console(file=stream, force_terminal=True, width=100, color_system=None))
    progress.phase("building [x]", 2)
    progress.note("a [note]")
    clock.now += 3
    progress.finish()
    progress.finish()
    assert "note: a [note]" in stream.getvalue()
    assert "building [x]: 3 s" in stream.getvalue()


def test_what_fits_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(choose_progress(quiet=True, stream=Terminal()), Silence)
    assert isinstance(choose_progress(quiet=False, stream=io.StringIO()), PlainProgress)
    assert isinstance(choose_progress(quiet=False, stream=Terminal()), MovingProgress)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(choose_progress(quiet=False, stream=Terminal()), PlainProgress)
