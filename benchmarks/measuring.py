"""Time against known answers, against pyperf and timeit, and the tail rule against LoadGen.

* A call that sleeps 5 ms; a call that uses 5 ms of processor time, alone and beside busy neighbours: processor time and
  the paired ratio within 5 %, and the flag set.
* The median of as many readings of the same predict call by `carelabel.measure.timing`, pyperf and timeit, in shuffled
  rounds in one process: the 95 % interval of the ratio lies within 3 %. Rounds in which the process had to wait for a
  processor for more than 2 % of the time are left out, whatever they gave.
* The early-stopping estimates of p90 and p99 from a stream that LoadGen has just recorded.
"""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _models import predict_calls, rows
from _tables import Report, spread

from carelabel.measure.contention import WaitCounters, seconds_between
from carelabel.measure.stats import paired_ratio
from carelabel.measure.tail import tail_percentile
from carelabel.measure.timing import Clock, TurnRules, calibrate, timed_turn, warm_up
from carelabel.plugin.interfaces import PointRounds
from carelabel_resources.latency_figures import latency_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Call = Callable[[Any], Any]

ROUNDS = 12
ROUNDS_AGAINST = 101
TURN_S = 0.012
PATIENCE_S = 45.0
CALM_SHARE = 0.02
LEAST_CALM = 15
KNOWN_S = 0.005
NEIGHBOURS = 2 * (os.cpu_count() or 1)
BUSY = "while True: pass"
_NUMBERS = itertools.count()


def sleep(_: object) -> None:
    """Sleep 5 ms."""
    time.sleep(KNOWN_S)


def spin(_: object) -> None:
    """Use 5 ms of processor time."""
    end = time.process_time_ns() + int(KNOWN_S * 1e9)
    while time.process_time_ns() < end:
        pass


def spin_twice(item: object) -> None:
    """Use 10 ms."""
    spin(item)
    spin(item)


@contextlib.contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Processes that never rest."""
    running = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def rounds_of(calls: Mapping[str, Call]) -> dict[str, list[dict[str, Any]]]:
    """Turns of all calls in shuffled rounds, as the latency test takes them."""
    clock, order, turns = Clock(), random.Random(0), {name: [] for name in calls}
    notes = {
        name: {
            "batch": 1,
            "batches": 1,
            "prepare_row_s": 0.0,
            "rows_repeated": False,
            "warm_up": asdict(warm_up(call, itertools.repeat(0), clock)),
        }
        for name, call in calls.items()
    }
    for _ in range(ROUNDS):
        for name in order.sample(list(calls), len(calls)):
            turns[name].append({**timed_turn(calls[name], itertools.repeat(0), clock), **notes[name]})
    return turns


def figures(own: Sequence[dict[str, Any]], original: Sequence[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Quantity to what would stand on the label."""
    point = PointRounds(
        at={"batch": 1},
        own=tuple(own),
        original=None if original is None else tuple(original),
        ended_by="precision",
        seed=0,
    )
    return {figure.quantity: figure for figure in latency_figures(point)}


def known(report: Report) -> None:
    """What a label says of calls whose length is known."""
    columns = ["call", "median, ms (interval)", "processor time, ms (interval)", "flags", "must hold", "holds"]
    report.head("Known answers", columns)
    for title, count in (("alone", 0), (f"beside {NEIGHBOURS} busy processes", NEIGHBOURS)):
        with neighbours(count):
            turns = rounds_of({"sleep": sleep, "spin": spin, "twice": spin_twice})
        slept, spun = figures(turns["sleep"]), figures(turns["spin"])
        twice = figures(turns["twice"], turns["spin"])
        cpu, ratio = spun["cpu_time"].value / KNOWN_S - 1, twice["cpu_ratio"].value / 2 - 1
        asleep = slept["latency_p50"].value / KNOWN_S - 1
        _row(report, f"sleeps 5 ms, {title}", slept, "median within 5 %", None if count else abs(asleep) <= 0.05)  # noqa: PLR2004 - the figure in the claim
        _row(report, f"uses 5 ms, {title}", spun, "processor time within 5 %", abs(cpu) <= 0.05)  # noqa: PLR2004 - as above
        flagged = "contended" in spun["latency_p50"].flags
        wanted = "contended" if count else "nothing on an idle machine"
        report.row(
            f"uses 10 ms over uses 5 ms, {title}",
            f"{twice['latency_ratio'].value:.3f} {_interval(twice['latency_ratio'], 1)}",
            f"{twice['cpu_ratio'].value:.3f} {_interval(twice['cpu_ratio'], 1)}",
            ", ".join(spun["latency_p50"].flags) or "none",
            f"ratio 2 within 5 %, flag: {wanted}",
            holds=abs(ratio) <= 0.05 and (flagged or not count),  # noqa: PLR2004 - as above
        )


def _row(report: Report, name: str, found: Mapping[str, Any], must: str, holds: bool | None) -> None:  # noqa: FBT001 - a verdict
    wall, cpu = found["latency_p50"], found["cpu_time"]
    report.row(
        name,
        f"{wall.value * 1e3:.3f} {_interval(wall)}",
        f"{cpu.value * 1e3:.3f} {_interval(cpu)}",
        ", ".join(wall.flags) or "none",
        must,
        holds=holds,
    )


def _interval(figure: Any, scale: float = 1e3) -> str:  # noqa: ANN401 - a Measurement
    return "" if figure.interval is None else f"({figure.interval[0] * scale:.3f} to {figure.interval[1] * scale:.3f})"


def against_others(report: Report) -> None:
    """The same call, the same statistic, in the same rounds."""
    import pyperf  # noqa: PLC0415 - only this table needs it

    runner = pyperf.Runner()
    runner.parse_args(["--worker", "--loops=1", "--values=3", "--warmups=1", "--quiet"])
    columns = [
        "call",
        "over",
        "ratio of medians (95 % interval)",
        "ours, us: median (range)",
        "theirs",
        "calm rounds",
        "within 3 %",
    ]
    report.head("Against pyperf and timeit", columns)
    with predict_calls() as calls:
        for (engine, predict), batch in itertools.product(calls.items(), (1, 64)):
            inputs = itertools.cycle([rows(20)[start : start + batch] for start in range(0, 512 - batch, batch)])
            _compare(report, f"{engine}, batch {batch}", lambda _, p=predict, i=inputs: p(next(i)), runner)


def _compare(report: Report, name: str, call: Call, runner: Any) -> None:  # noqa: ANN401 - pyperf's
    clock, nothing = Clock(), itertools.repeat(None)
    warm_up(call, nothing, clock)
    loops = calibrate(call, nothing, clock)
    rules = TurnRules(min_seconds=TURN_S, idle_calls=1, singles=0)
    readings = len(timed_turn(call, nothing, clock, loops=loops, rules=rules)["wall"])
    tools = {
        "ours": lambda: statistics.median(timed_turn(call, nothing, clock, loops=loops, rules=rules)["wall"]),
        "pyperf": lambda: _pyperf(runner, call, loops, readings),
        "timeit": lambda: statistics.median(_timeit(call, loops, readings)),
    }
    found, tried = _calm_rounds(tools)
    if len(found["ours"]) < LEAST_CALM:
        calm = f"{len(found['ours'])} of {tried}"
        report.row(name, "both", "the machine is too busy to compare", "", "", calm, holds=False)
        return
    for tool in ("pyperf", "timeit"):
        ratio = paired_ratio(found["ours"], found[tool])
        low, high = ratio.interval or (0.0, 9.0)
        report.row(
            name,
            tool,
            f"{ratio.value:.4f} ({low:.4f} to {high:.4f})",
            spread(found["ours"], 1e6),
            f"{spread(found[tool], 1e6)}",
            f"{len(found[tool])} of {tried}",
            holds=low >= 0.97 and high <= 1.03,  # noqa: PLR2004 - the figure in the claim
        )


def _calm_rounds(tools: Mapping[str, Callable[[], float]]) -> tuple[dict[str, list[float]], int]:
    """Rounds in which nobody else kept this process from running, and how many were tried."""
    order, counters, tried = random.Random(0), WaitCounters(), 0
    found: dict[str, list[float]] = {tool: [] for tool in tools}
    begin = time.monotonic()
    while len(found["ours"]) < ROUNDS_AGAINST and time.monotonic() - begin < PATIENCE_S:
        tried += 1
        before, start = counters.read()[0], time.monotonic()
        round_ = {tool: tools[tool]() for tool in order.sample(list(tools), len(tools))}
        waited = seconds_between(before, counters.read()[0])
        if waited is not None and waited > CALM_SHARE * (time.monotonic() - start):
            time.sleep(TURN_S)
            continue
        for tool, seconds in round_.items():
            found[tool].append(seconds)
    return found, tried


def _pyperf(runner: Any, call: Call, loops: int, readings: int) -> float:  # noqa: ANN401 - pyperf's
    runner.args.loops, runner.args.values = loops, readings
    gc.disable()  # as ours and timeit do
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return float(statistics.median(runner.bench_func(f"predict {next(_NUMBERS)}", call, None).get_values()))
    finally:
        gc.enable()


def _timeit(call: Call, loops: int, readings: int) -> list[float]:
    timer = timeit.Timer(lambda: call(None))
    return [seconds / loops for seconds in timer.repeat(repeat=readings, number=loops)]


def against_loadgen(report: Report) -> None:
    """LoadGen's single stream on calls of random length, its own record of them, and both estimates."""
    try:
        import mlperf_loadgen as loadgen  # noqa: PLC0415 - only this table needs it
    except ImportError:
        print("\nLoadGen is not installed: pip install mlcommons-loadgen")
        return
    columns = ["queries", "percentile", "LoadGen, us", "ours from its record, us", "the same"]
    report.head("Tail rule against MLPerf LoadGen", columns)
    for queries in (64, 700, 3000):
        with tempfile.TemporaryDirectory() as folder:
            _single_stream(loadgen, queries, folder)
            latencies = [
                int(text)
                for text in re.findall(r'"complete_ns":(\d+)', (Path(folder) / "mlperf_log_trace.json").read_text())
            ]
            summary = (Path(folder) / "mlperf_log_summary.txt").read_text()
        for percent_, text in re.findall(r"Early stopping (\d+)\.0th percentile estimate: (\d+)", summary):
            own = tail_percentile(latencies, int(percent_) / 100).value
            report.row(
                str(queries),
                f"p{percent_}",
                f"{int(text) / 1e3:.3f}",
                "none" if own is None else f"{own / 1e3:.3f}",
                holds=own == int(text),
            )


def _single_stream(loadgen: Any, queries: int, folder: str) -> None:  # noqa: ANN401 - a module
    lengths = random.Random(queries)

    def issue(samples: Sequence[Any]) -> None:
        for sample in samples:
            end = time.perf_counter() + 2e-4 + lengths.expovariate(1 / 1e-4)
            while time.perf_counter() < end:
                pass
            loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(sample.id, 0, 0)])

    settings = loadgen.TestSettings()
    settings.scenario, settings.mode = loadgen.TestScenario.SingleStream, loadgen.TestMode.PerformanceOnly
    settings.min_query_count = settings.max_query_count = queries
    settings.min_duration_ms, settings.single_stream_expected_latency_ns = 1, 300_000
    output = loadgen.LogOutputSettings()
    output.outdir, output.copy_summary_to_stdout = folder, False
    log = loadgen.LogSettings()
    log.log_output, log.enable_trace = output, True
    system = loadgen.ConstructSUT(issue, lambda: None)
    library = loadgen.ConstructQSL(queries, queries, lambda _: None, lambda _: None)
    loadgen.StartTestWithLogSettings(system, library, settings, log)
    loadgen.DestroyQSL(library)
    loadgen.DestroySUT(system)


def main() -> int:
    """All three tables."""
    report = Report()
    known(report)
    against_others(report)
    against_loadgen(report)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
