from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from carelabel import CareLabelError, PointRounds
from carelabel.base.json_codec import from_json, to_json
from carelabel.data.rows import DataSet, Rows
from carelabel.plugin.interfaces import PlatformSpec
from carelabel_resources.latency import Latency
from carelabel_resources.plugin import carelabel_tests
from tests.factories import make_data
from tests.measure.test_threads import in_a_crowd

SIZES = [1, 16, 32, 64, 128]
DECLARED = {quantity.name for test in carelabel_tests() if test.name == "latency" for quantity in test.quantities}


def measured(latency: Any, point: int, rounds: Any, ended_by: str = "precision", original: Any = None) -> Any:
    own = tuple(latency.turn(point) for _ in range(rounds))
    return {
        figure.quantity: figure
        for figure in latency.summarise(
            PointRounds(at={"batch": SIZES[point]}, own=own, original=original, ended_by=ended_by, seed=0)
        )
    }


@pytest.fixture
def latency(fake: Any, make_context: Any) -> Any:
    found = Latency(fake.clock)
    assert found.setup(make_context(), batch_sizes=SIZES, call="predict") == [{"batch": size} for size in SIZES]
    return found


@pytest.mark.parametrize(("point", "seconds"), [(0, 0.0011), (1, 0.0026), (4, 0.0138)])
def test_a_model_of_known_speed_is_read_as_it_is(latency: Any, point: int, seconds: float) -> None:
    found = measured(latency, point, 6)
    batch = SIZES[point]
    assert found["latency_p50"].value == pytest.approx(seconds)
    assert found["latency_p50"].interval == pytest.approx((seconds, seconds))
    assert (found["latency_p50"].n, found["latency_p50"].level) == (6, 0.95)
    assert found["latency_p50"].at == {"batch": batch}
    assert found["latency_min"].value == pytest.approx(seconds)
    assert found["latency_mean"].value == pytest.approx(seconds)
    assert found["latency_row"].value == pytest.approx(seconds / batch)
    assert found["throughput"].value == pytest.approx(batch / seconds)
    assert found["after_idle"].value == pytest.approx(seconds)
    assert found["prepare_row"].value == pytest.approx(2e-5)


def test_processor_time_is_told_from_waiting(fake: Any, predictor: Any, make_context: Any) -> None:
    predictor.cpu_share = 0.1  # sleeps nine tenths of the time
    latency = Latency(fake.clock)
    latency.setup(make_context(), batch_sizes=[64], call="predict")
    own = tuple(latency.turn(0) for _ in range(6))
    found = {
        figure.quantity: figure.value
        for figure in latency.summarise(
            PointRounds(at={"batch": 64}, own=own, original=None, ended_by="precision", seed=0)
        )
    }
    assert found["cpu_time"] == pytest.approx(found["latency_p50"] / 10)


def test_all_figures_are_declared_and_travel_as_json(latency: Any) -> None:
    figures = measured(latency, 0, 6, original=tuple(latency.turn(0) for _ in range(6)))
    assert set(figures) == DECLARED
    to_json(list(figures.values()))


def test_samples_travel_as_json_and_still_give_the_same_figures(latency: Any) -> None:
    own = tuple(latency.turn(2) for _ in range(6))
    rounds = PointRounds(at={"batch": 32}, own=own, original=own, ended_by="precision", seed=0)
    again = from_json(PointRounds, to_json(rounds))
    assert Latency().summarise(again) == latency.summarise(rounds)


def test_the_statistic_of_a_round_is_its_median_call(latency: Any) -> None:
    assert latency.statistic({"wall": [3.0, 1.0, 2.0]}) == 2.0


def test_tail_percentiles_appear_with_the_calls_they_need(latency: Any) -> None:
    found = measured(latency, 0, 6)  # 6 turns of 46 calls
    assert found["latency_p90"].value == pytest.approx(0.0011)
    assert found["latency_p90"].n == found["latency_p99"].n
    assert found["latency_p99"].value is None
    assert found["latency_p99"].reason == f"n < needed ({found['latency_p99'].n} < 662 calls)"
    assert measured(latency, 0, 20)["latency_p99"].value == pytest.approx(0.0011)
    assert measured(latency, 0, 20)["latency_p999"].value is None


def test_short_calls_are_timed_in_loops_and_say_so(fake: Any, predictor: Any, make_context: Any) -> None:
    predictor.call_s, predictor.row_s = 5e-6, 1e-6
    latency = Latency(fake.clock)
    latency.setup(make_context(), batch_sizes=[1], call="predict")
    found = {figure.quantity: figure for figure in latency.summarise(rounds_of(latency, 8))}
    assert found["latency_p50"].value == pytest.approx(6e-6)
    assert "loops" in found["latency_p50"].flags
    assert found["latency_p50"].detail["loops"] == 256
    assert found["latency_p99"].value == pytest.approx(6e-6)  # from 800 calls timed one by one
    assert found["latency_p99"].n == 800


def rounds_of(latency: Any, count: int, original: Any = None, ended_by: str = "precision") -> Any:
    own = tuple(latency.turn(0) for _ in range(count))
    return PointRounds(at={"batch": 1}, own=own, original=original, ended_by=ended_by, seed=0)


def test_the_ratio_to_the_original_comes_from_the_same_rounds(fake: Any, predictor: Any, make_context: Any) -> None:
    random = np.random.default_rng(0)
    fast, slow = Latency(fake.clock), Latency(fake.clock)
    for latency in (fast, slow):
        latency.setup(make_context(), batch_sizes=[1], call="predict")
    own, original = [], []
    for _ in range(10):
        load = float(np.exp(random.normal(0, 0.5)))  # the machine is busy now and then, for both
        predictor.call_s = 0.001 * load - predictor.row_s
        own.append(fast.turn(0))
        predictor.call_s = 0.004 * load - predictor.row_s
        original.append(slow.turn(0))
    rounds = PointRounds(at={"batch": 1}, own=tuple(own), original=tuple(original), ended_by="precision", seed=0)
    found = {figure.quantity: figure for figure in fast.summarise(rounds)}
    assert found["latency_ratio"].value == pytest.approx(0.25, rel=1e-3)
    assert found["latency_ratio"].interval == pytest.approx((0.25, 0.25), rel=1e-2)
    assert found["cpu_ratio"].value == pytest.approx(0.25, rel=1e-3)
    assert found["latency_ratio"].n == 10


def test_the_original_has_no_ratio_to_itself(latency: Any) -> None:
    assert not {"latency_ratio", "cpu_ratio"} & set(measured(latency, 0, 6))


@pytest.mark.parametrize(("pin", "marked"), [(1, True), (None, False)])
def test_a_model_that_keeps_more_threads_busy_than_its_platform_has_is_marked(
    fake: Any, predictor: Any, make_context: Any, *, pin: int | None, marked: bool
) -> None:
    predictor.predict = in_a_crowd(predictor.predict, threads=3)
    platform = PlatformSpec(id="cpu-1t", tags=("cpu",), threads=1, pin=pin)
    latency = Latency(fake.clock)
    latency.setup(make_context(platform=platform), batch_sizes=[1], call="predict")
    found = measured(latency, 0, 6)
    assert found["latency_p50"].detail["threads_at_work"] == 4
    assert {"more-threads" in figure.flags for figure in found.values()} == {marked}


def test_waiting_marks_wall_times_as_contended_but_not_processor_time_and_ratios(
    fake: Any, predictor: Any, latency: Any
) -> None:
    calm = predictor.predict

    def disturbed(x: Any) -> Any:
        fake.wait += 1_000_000
        return calm(x)

    latency._function = disturbed
    found = measured(latency, 0, 6, original=tuple(latency.turn(0) for _ in range(6)))
    marked = {name for name, figure in found.items() if "contended" in figure.flags}
    assert {"latency_p50", "latency_min", "latency_mean", "latency_row", "throughput", "latency_p90"} <= marked
    assert not marked & {"cpu_time", "latency_ratio", "cpu_ratio", "prepare_row"}
    assert found["latency_p50"].detail["wait_share"] > 0.1


@pytest.mark.parametrize(("ended_by", "flag"), [("budget", "budget-ended"), ("pilot-failed", "pilot-failed-ended")])
def test_the_label_says_what_ended_the_rounds(latency: Any, ended_by: str, flag: Any) -> None:
    assert flag in measured(latency, 0, 6, ended_by=ended_by)["latency_p50"].flags
    assert measured(latency, 0, 6)["latency_p50"].flags == ()


def test_five_rounds_have_a_value_and_no_interval(latency: Any) -> None:
    found = measured(latency, 0, 5)["latency_p50"]
    assert (found.interval, found.level, found.n) == (None, None, 5)
    assert found.method == "median over rounds; interval needs 6 rounds"


def test_no_row_is_predicted_twice_before_all_chosen_rows_were(predictor: Any, latency: Any) -> None:
    del predictor.seen[:]
    for _ in range(3):
        latency.turn(0)
    rows = [row for call in predictor.seen for row in call]
    assert len(set(rows)) == len(rows) > 100


def test_fewer_rows_than_a_batch_are_repeated_and_flagged(fake: Any, make_context: Any) -> None:
    latency = Latency(fake.clock)
    latency.setup(make_context(rows=1), batch_sizes=[1, 128], call="predict")
    assert "rows-repeated" not in measured(latency, 0, 6)["latency_p50"].flags
    own = tuple(latency.turn(1) for _ in range(6))
    rounds = PointRounds(at={"batch": 128}, own=own, original=None, ended_by="precision", seed=0)
    assert all("rows-repeated" in figure.flags for figure in latency.summarise(rounds))


def test_a_model_that_never_warms_up_is_marked(fake: Any, predictor: Any, make_context: Any) -> None:
    calls = iter(range(10_000))
    predictor.predict = lambda x: fake.spend(0.01 * 1.1 ** min(next(calls), 60))
    latency = Latency(fake.clock)
    latency.setup(make_context(), batch_sizes=[1], call="predict")
    assert "not-steady" in measured(latency, 0, 6)["latency_p50"].flags


def test_calls_that_depend_on_each_other_mark_the_tail(fake: Any, predictor: Any, make_context: Any) -> None:
    calls = iter(range(100_000))
    predictor.predict = lambda x: fake.spend(0.0011 if (next(calls) // 10) % 2 else 0.0021)  # in spells of ten
    latency = Latency(fake.clock)
    latency.setup(make_context(), batch_sizes=[1], call="predict")
    found = measured(latency, 0, 6)
    assert "autocorrelated" in found["latency_p90"].flags
    assert "autocorrelated" not in found["latency_p50"].flags
    assert found["latency_p50"].detail["autocorrelation"] > 0.5


def test_another_call_can_be_timed(fake: Any, predictor: Any, make_context: Any) -> None:
    predictor.predict_proba = lambda x: fake.spend(0.007)
    latency = Latency(fake.clock)
    latency.setup(make_context(), batch_sizes=[1], call="predict_proba")
    assert measured(latency, 0, 6)["latency_p50"].value == pytest.approx(0.007)


def test_a_call_that_the_model_lacks_is_refused(fake: Any, make_context: Any) -> None:
    with pytest.raises(CareLabelError, match="must name a function of the model, which has no decision_function"):
        Latency(fake.clock).setup(make_context(), batch_sizes=[1], call="decision_function")


def test_an_empty_test_set_is_refused(fake: Any, make_context: Any) -> None:
    with pytest.raises(CareLabelError, match="timings must have at least one test row, found none"):
        Latency(fake.clock).setup(make_context(rows=0), batch_sizes=[1], call="predict")


def test_rows_of_a_memory_map_are_read_as_far_as_they_are_used(
    fake: Any, predictor: Any, make_context: Any, tmp_path: Any
) -> None:
    path = tmp_path / "rows.npy"
    np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(10_000_000, 1)).flush()  # sparse on the disk
    context = make_context()
    rows = Rows(array=np.load(path, mmap_mode="r"))
    context.test = DataSet(rows=rows, target=None, groups={}, facts=make_data())
    latency = Latency(fake.clock)
    latency.setup(context, batch_sizes=[1, 128], call="predict")
    assert latency.turn(1)["calls"] > 0
    assert measured(latency, 0, 6)["latency_p50"].value > 0
