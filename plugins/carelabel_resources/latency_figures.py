"""From the samples of all rounds at one batch size to the figures on the label. Runs in the scorer."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from carelabel import Measurement
from carelabel.measure.stats import LEVEL, bootstrap_interval, median_interval
from carelabel_resources.latency_ratio import ratios
from carelabel_resources.latency_tail import tails
from carelabel_resources.turns import detail, flags, medians

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carelabel import PointRounds
    from carelabel.plugin.interfaces import Samples


def latency_figures(rounds: PointRounds) -> list[Measurement]:
    """All figures of one candidate at one batch size, wall times with their flags."""
    turns, marks = rounds.own, flags(rounds)
    wall = _wall(rounds, int(rounds.at["batch"]))
    median = wall[0].value
    hurt_by_waiting = [*wall, *tails(turns, None if median is None else float(median))]
    survive_waiting = [_over_rounds("cpu_time", medians(turns, "cpu")), *ratios(rounds), _prepare(turns)]
    calm = tuple(mark for mark in marks if mark != "contended")
    figures = [replace(figure, flags=figure.flags + marks) for figure in hurt_by_waiting]
    figures += [replace(figure, flags=figure.flags + calm) for figure in survive_waiting]
    return [replace(figure, at=rounds.at) for figure in figures]


def _wall(rounds: PointRounds, batch: int) -> list[Measurement]:
    turns = rounds.own
    median = _over_rounds("latency_p50", medians(turns, "wall"))
    idle = [turn["after_idle"][0] for turn in turns if turn["after_idle"]]
    rates = [batch / statistics.fmean(turn["wall"]) for turn in turns]
    return [
        replace(median, detail=detail(rounds)),
        _per_row(median, batch),
        _over_rounds("throughput", rates),
        _over_rounds("after_idle", idle),
        _fastest(turns),
        _mean(turns),
    ]


def _over_rounds(quantity: str, values: Sequence[float]) -> Measurement:
    """The median of one value a round, with its distribution-free interval."""
    if not values:
        return Measurement(quantity=quantity, value=None, n=0, reason="no round gave this figure")
    interval = median_interval(values)
    how = "by order statistics" if interval else "needs 6 rounds"
    return Measurement(
        quantity=quantity,
        value=statistics.median(values),
        interval=interval,
        level=LEVEL if interval else None,
        n=len(values),
        method=f"median over rounds; interval {how}",
    )


def _per_row(median: Measurement, batch: int) -> Measurement:
    value = None if median.value is None else median.value / batch
    interval = median.interval and (median.interval[0] / batch, median.interval[1] / batch)
    return replace(median, quantity="latency_row", value=value, interval=interval)


def _fastest(turns: Sequence[Samples]) -> Measurement:
    readings = [reading for turn in turns for reading in turn["wall"]]
    method = f"smallest reading of {turns[0]['loops']} calls; no interval"
    return Measurement(quantity="latency_min", value=min(readings), n=len(readings), method=method)


def _mean(turns: Sequence[Samples]) -> Measurement:
    means = [statistics.fmean(turn["wall"]) for turn in turns]
    interval, how = bootstrap_interval(means, np.mean)
    method = f"mean of round means; {how} bootstrap interval"
    level = LEVEL if interval else None
    value = statistics.fmean(means)
    return Measurement(
        quantity="latency_mean", value=value, interval=interval, level=level, n=len(means), method=method
    )


def _prepare(turns: Sequence[Samples]) -> Measurement:
    method = "median over batches of the time to prepare one, divided by its rows; before the timing"
    value, n = turns[0]["prepare_row_s"], turns[0]["batches"]
    return Measurement(quantity="prepare_row", value=value, n=n, method=method)
