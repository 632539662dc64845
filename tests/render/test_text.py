"""A label on a terminal."""

from __future__ import annotations

import io
import shlex
from typing import Any

import pytest
from rich.console import Console

from carelabel.render.text import render_label
from tests.render.labels import candidate, make_label, measurement, parity


def draw(label: dict[str, Any], width: int = 100, *, everything: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, highlight=False)
    for part in render_label(label, everything=everything):
        console.print(part)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def line_of(text: str, begin: str) -> str:
    """The words of the first line that begins so."""
    return " ".join(next(line for line in text.splitlines() if line.lstrip().startswith(begin)).split())


def test_the_head_says_what_was_measured_where() -> None:
    text = draw(make_label())
    assert line_of(text, "Model") == "Model a forest [v1]: Forest, random-forest, woodwork, classification"
    assert line_of(text, "File") == "File woodwork-file, 15.3 MiB, sha256 aaaaaaaaaaaa, loaded with --trust-pickle"
    assert line_of(text, "Test data") == "Test data 1,000 rows, 784 features, 2 classes, sha256 dddddddddddd"
    assert line_of(text, "Machine") == "Machine A Processor, 2 processors, 8.00 GiB"
    assert line_of(text, "System") == "System Linux-6.1, Python 3.11.7, measuring lock: container only"


def test_candidates_have_their_parity_and_the_reason_of_a_failure() -> None:
    text = draw(make_label())
    assert line_of(text, "wood ") == "wood identical 0 of 1000 4.17e-07 10.0 MiB 4.88 s"
    assert line_of(text, "wood+thin ") == "wood+thin failed 47 of 1000 4.17e-07 10.0 MiB 4.88 s"
    assert line_of(text, "wood+thin:") == "wood+thin: 47 of 1000 rows flipped (try thicker wood)"


def test_figures_have_units_of_their_size_and_intervals() -> None:
    text = draw(make_label())
    assert line_of(text, "right") == "right 0.939 ±0.017 0.939 ±0.017 0.892 ±0.017"
    assert line_of(text, "latency p50") == "latency p50 batch 1 4.80 ms 31 µs +1,569 -1 [1] 31.1 µs [2]"
    assert line_of(text, "leaves") == "leaves 610,763 n/a [1]"


def test_notes_explain_flags_and_missing_figures() -> None:
    text = draw(make_label())
    assert "[1] contended: other work took more than 10 % of the time" in text
    assert "[2] not-the-same-model: this candidate answers differently" in text
    assert "[1] wood has none" in text


def test_a_figure_that_no_candidate_has_is_one_line_with_its_reason() -> None:
    assert "not measured: latency p99 (batch 1, batch 64): n < needed" in draw(make_label())


def test_a_table_without_any_figure_is_its_reasons_alone() -> None:
    missing = [measurement(name, "curve", None, group="quality", reason="one row") for name in ("original", "wood")]
    text = draw(make_label(measurements=missing))
    assert "Quality" in text
    assert "not measured: curve: one row" in text


def test_a_flag_that_all_figures_have_is_told_once() -> None:
    figures = [measurement(name, "latency_p50", 0.1, flags=["contended"]) for name in ("original", "wood")]
    text = draw(make_label(measurements=figures))
    assert line_of(text, "latency p50") == "latency p50 100 ms 100 ms"
    assert text.count("contended") == 1
    assert "all: contended" in text


@pytest.mark.parametrize(
    ("flag", "meaning"), [("more-threads", "calls kept more threads busy than the platform has; they took turns on it")]
)
def test_a_flag_is_shown_with_its_meaning(flag: str, meaning: str) -> None:
    text = draw(make_label(measurements=[measurement("original", "latency_p50", 0.1, flags=[flag])]))
    assert f"{flag}: {meaning}" in text


def test_many_classes_are_shown_as_their_range() -> None:
    assert line_of(draw(make_label()), "recall") == "recall 8 classes 0.900 to 0.970"
    assert "class 7" in draw(make_label(), everything=True)


def test_the_first_figure_and_ratio_of_a_test_are_shown_at_every_point_others_at_the_ends() -> None:
    def points(text: str, name: str) -> int:
        lines = text.splitlines()
        begin = next(number for number, line in enumerate(lines) if line.startswith(name))
        return 1 + next(
            n for n, line in enumerate(lines[begin + 1 :]) if not line.startswith("  ") or "batch" not in line
        )

    chosen, everything = draw(make_label()), draw(make_label(), everything=True)
    assert [points(chosen, name) for name in ("latency p50", "latency mean", "latency ratio")] == [3, 2, 3]
    assert points(everything, "latency mean") == 3


def test_a_candidate_that_is_another_model_is_struck_out() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=True, color_system="standard")
    for part in render_label(make_label()):
        console.print(part)
    assert "\x1b[9m31.1 µs" in stream.getvalue()


def test_the_foot_says_what_is_missing_and_why_and_how_to_get_it_again() -> None:
    text = draw(make_label())
    assert line_of(text, "wood acme.bend") == "wood acme.bend crashed: killed by SIGSEGV (log: logs/wood.log)"
    foreign = "for another task, framework or family (carelabel plan --explain names each rule)"
    assert line_of(text, "*/*/acme.burn") == f"*/*/acme.burn {foreign}"
    assert line_of(text, "acme.meter") == "acme.meter no counter (buy one)"
    assert line_of(text, "acme 1.0") == "acme 1.0 given twice (remove one)"
    assert "10.0 s in all: turn 60 %, import 30 %, overhead 10 %" in text
    assert "carelabel run 'a model.wood'" in text
    assert "seed 7, plan eeeeeeeeeeee" in text


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_many_candidates_fit_any_width(width: int) -> None:
    names = ["original", *(f"wood+int8-dynamic-{number}" for number in range(12))]
    forms = [candidate(name, parent="original" if number else None) for number, name in enumerate(names)]
    figures = [measurement(name, "latency_p50", 0.001 * (number + 1)) for number, name in enumerate(names)]
    text = draw(make_label(candidates=forms, measurements=figures), width)
    assert max(map(len, text.splitlines())) <= width
    figures_part = text.partition("Latency on cpu-1t\n")[2]
    assert all(name in figures_part for name in names)
    parts = figures_part.count("Latency on cpu-1t (continued)")
    assert figures_part.count("original") == parts + 1
    assert parts > 0
    assert "…" not in text


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_figure_that_is_not_finite_is_shown_as_it_is(value: str) -> None:
    label = make_label(measurements=[measurement("original", "latency_p50", value)])
    assert line_of(draw(label), "latency p50") == f"latency p50 {value}"


def test_an_undecided_candidate_is_shown_so() -> None:
    label = make_label(candidates=[candidate("wood", parity=parity("undecided", 0))], measurements=[])
    assert line_of(draw(label), "wood") == "wood undecided 0 of 1000 4.17e-07 10.0 MiB 4.88 s"


def test_a_label_without_figures_is_shown() -> None:
    label = make_label(measurements=[], outcomes=[], skipped=[], problems=[], accounting={}, platforms=[])
    assert "Candidates" in draw(label)
    assert "Skipped" not in draw(label)


def test_logs_are_named_so_that_they_can_be_found() -> None:
    reproduce = {**make_label()["reproduce"], "run": "20261121T100000.000-aaaaaaaa"}
    form = candidate("wood", status="failed", reason={"code": "x", "text": "it split"}, notes={"log": "logs/saw.log"})
    text = draw(make_label(reproduce=reproduce, candidates=[form]), 200)
    where = "CARELABEL_HOME/runs/20261121T100000.000-aaaaaaaa"
    assert f"killed by SIGSEGV (log: {where}/logs/wood.log)" in text
    assert f"wood: it split (log: {where}/logs/saw.log)" in text
    assert f"logs and raw samples: {where} (carelabel doctor says where CARELABEL_HOME is)" in text


def test_the_fastest_form_says_how_it_was_compared() -> None:
    point = {"platform": "cpu-1t", "batch": 1, "winner": "wood", "tied": [], "break_even": {"wood": 100}}
    first = {"candidate": "wood", "seconds_per_row": 1e-3, "ratio": 0.25}
    paired = {**point, "order": [first, {"candidate": "original", "seconds_per_row": 2e-3}], "unpaired": []}
    other = {**point, "order": [first, {"candidate": "thin", "seconds_per_row": 2e-3}], "unpaired": ["thin"]}
    text = draw(make_label(crossover=[paired]))
    assert line_of(text, "cpu-1t") == "cpu-1t 1 wood 1.00 ms 4 x original 100 rows"
    assert "same rounds" not in text
    text = draw(make_label(crossover=[other]))
    assert line_of(text, "cpu-1t") == "cpu-1t 1 wood 1.00 ms 2 x thin * 100 rows"
    assert "* not timed in the same rounds: compared by each one's own interval" in text


def test_the_command_that_reproduces_a_label_can_be_pasted() -> None:
    argv = ["carelabel", "run", "a model.wood", *(f"--only=test-{number:02}" for number in range(12)), "-o", "x.json"]
    text = draw(make_label(reproduce={**make_label()["reproduce"], "argv": argv}), 80)
    shown = text.partition("Reproduce\n")[2].partition("\n  seed")[0]
    assert max(map(len, shown.splitlines())) <= 80
    assert shlex.split(shown.replace("\\\n", " ")) == argv
