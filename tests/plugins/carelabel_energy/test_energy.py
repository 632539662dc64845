from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from carelabel import ANY, NotMeasured
from carelabel.base.json_codec import to_json
from carelabel_energy import energy
from carelabel_energy.choice import Choice, choose
from carelabel_energy.plugin import carelabel_meters, carelabel_tests
from tests.measure.test_threads import in_a_crowd

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = {"domain": "package", "grade": "counter"}
DRAM = {"domain": "dram", "grade": "counter"}
BOARD = {"domain": "board", "grade": "counter"}
GUESS = {"domain": "package", "grade": "modelled"}
WALL = {"domain": "wall", "grade": "metered"}
(TEST,) = carelabel_tests()


def measured(context: Any, machine: Any, **changes: Any) -> Any:
    options = {"batch_size": 10, "seconds": 1.0, "call": "predict", **changes}
    figures = energy.run(context, clock=machine.clock, **options)
    to_json(figures)
    assert {figure.quantity for figure in figures} <= {quantity.name for quantity in TEST.quantities}
    return {figure.quantity: figure for figure in figures}


def test_50_watts_on_top_of_20_are_found_within_one_per_cent(machine: Any, make_meter: Any, make_context: Any) -> None:
    context = make_context({"a.package": make_meter()}, {"a.package": PACKAGE})
    found = measured(context, machine)
    assert set(found) == {quantity.name for quantity in TEST.quantities}
    seconds = found["energy_per_prediction"].detail["seconds"]
    assert found["energy_net"].value / seconds == pytest.approx(50.0, rel=0.01)
    assert found["energy_idle"].value / seconds == pytest.approx(20.0, rel=0.01)
    assert found["energy_gross"].value / seconds == pytest.approx(70.0, rel=0.01)
    per_row = 70.0 * 0.002 / 10  # 2 ms a call of ten rows
    assert found["energy_per_prediction"].value == pytest.approx(per_row, rel=0.01)
    assert found["energy_per_1000"].value == pytest.approx(1000 * per_row / 3600, rel=0.01)
    assert {figure.grade for figure in found.values()} == {"counter"}
    assert {figure.flags for figure in found.values()} == {()}
    assert found["energy_gross"].at == {"batch": 10}


def test_the_workload_goes_on_for_a_second_and_for_a_hundred_updates(
    machine: Any, make_meter: Any, make_context: Any
) -> None:
    meter = make_meter()
    quick = measured(make_context({"a.package": meter}, {"a.package": PACKAGE}), machine)
    assert quick["energy_per_prediction"].detail["seconds"] == pytest.approx(1.0, abs=0.01)
    meter.period_s = 0.1
    slow = measured(make_context({"a.package": meter}, {"a.package": PACKAGE}), machine)
    assert slow["energy_per_prediction"].detail["seconds"] == pytest.approx(10.0, abs=0.01)
    assert meter.windows[-3] == pytest.approx(200.0, rel=0.01)  # ten seconds of idleness before
    assert meter.windows[-1] == pytest.approx(200.0, rel=0.01)  # and after


def test_counters_that_wrap_around_are_looked_at_every_minute(machine: Any, make_meter: Any, make_context: Any) -> None:
    meter = make_meter()
    measured(make_context({"a.package": meter}, {"a.package": PACKAGE}), machine, seconds=200.0)
    assert meter.looks == 3


def test_packages_and_memory_are_added_and_shown_apart(machine: Any, make_meter: Any, make_context: Any) -> None:
    meters = {"a.package": make_meter(share=0.8), "a.dram": make_meter(share=0.2, answer=("dram-0",))}
    found = measured(make_context(meters, {"a.package": PACKAGE, "a.dram": DRAM}), machine)
    detail = found["energy_per_prediction"].detail
    assert found["energy_net"].value / detail["seconds"] == pytest.approx(50.0, rel=0.01)
    assert detail["gross_j"]["dram"]["dram-0"] == pytest.approx(0.2 * found["energy_gross"].value)
    assert "without" not in found["energy_gross"].method


def test_what_is_not_counted_is_named(machine: Any, make_meter: Any, make_context: Any) -> None:
    found = measured(make_context({"a.package": make_meter()}, {"a.package": PACKAGE}), machine)
    assert found["energy_gross"].method.endswith("without dram")


def test_without_a_meter_the_figure_is_null_with_code_text_and_hint(
    machine: Any, make_meter: Any, make_context: Any, none: Any
) -> None:
    found = measured(make_context({"a.package": make_meter(answer=none)}, {"a.package": PACKAGE}), machine)
    assert list(found) == ["energy_per_prediction"]
    assert found["energy_per_prediction"].value is None
    assert found["energy_per_prediction"].reason == "permission-denied: root alone reads it (sudo chmod a+r it)"
    assert machine.now == 0, "nothing is run when nothing can be counted"


def test_no_plugin_with_a_meter_is_a_reason_too(machine: Any, make_context: Any) -> None:
    found = measured(make_context({}, {}), machine)["energy_per_prediction"]
    assert (found.value, found.reason) == (None, "no-meter: no plugin brings a meter for the domain package")


def test_a_meter_that_fails_on_the_way_gives_null_with_its_reason(
    machine: Any, make_meter: Any, make_context: Any, none: Any
) -> None:
    found = measured(make_context({"a.package": make_meter(broken=none)}, {"a.package": PACKAGE}), machine)
    assert list(found) == ["energy_per_prediction"]
    assert found["energy_per_prediction"].reason.startswith("permission-denied")


def test_a_counter_that_stands_still_is_no_zero(machine: Any, make_meter: Any, make_context: Any) -> None:
    found = measured(make_context({"a.package": make_meter(share=0.0)}, {"a.package": PACKAGE}), machine)
    assert found["energy_per_prediction"].value is None
    assert found["energy_per_prediction"].reason.startswith("stuck-counter: the counters stood still over 1 s")


def test_waiting_and_other_work_nearby_are_flagged(
    machine: Any, model: Any, make_meter: Any, make_context: Any
) -> None:
    calm = model.predict

    def disturbed(x: Any) -> Any:
        machine.wait += 1_000_000
        machine.idle_w += 0.02  # somebody else begins to work
        return calm(x)

    model.predict = disturbed
    found = measured(make_context({"a.package": make_meter()}, {"a.package": PACKAGE}), machine)
    assert found["energy_net"].flags == ("contended", "idle-unsteady")


def test_more_threads_than_the_platform_has_are_flagged(
    machine: Any, model: Any, make_meter: Any, make_context: Any
) -> None:
    model.predict = in_a_crowd(model.predict, threads=2)
    context = make_context({"a.package": make_meter()}, {"a.package": PACKAGE})
    assert measured(context, machine)["energy_net"].flags == ()
    found = measured(replace(context, platform=replace(context.platform, pin=1)), machine)
    assert {figure.flags for figure in found.values()} == {("more-threads",)}


def test_less_than_idle_is_said_not_hidden(machine: Any, make_meter: Any, make_context: Any) -> None:
    machine.busy_w = -5.0
    found = measured(make_context({"a.package": make_meter()}, {"a.package": PACKAGE}), machine)
    assert found["energy_net"].value < 0
    assert found["energy_per_prediction"].value > 0
    assert "below-idle" in found["energy_net"].flags


PACKAGES, MEMORY, CARD = ("package-0",), ("dram-0",), ("gpu-0",)
FACTS = {"r.package": PACKAGE, "r.dram": DRAM, "n.board": BOARD, "c.guess": GUESS, "w.plug": WALL, "p.again": PACKAGE}


@pytest.mark.parametrize(
    ("probed", "tags", "meters", "grade"),
    [
        ({"r.package": PACKAGES}, (), {"package": "r.package"}, "counter"),
        ({"r.package": PACKAGES, "p.again": PACKAGES}, (), {"package": "p.again"}, "counter"),  # never both
        ({"r.package": PACKAGES, "r.dram": MEMORY}, (), {"package": "r.package", "dram": "r.dram"}, "counter"),
        ({"c.guess": PACKAGES, "r.package": PACKAGES}, (), {"package": "r.package"}, "counter"),
        ({"c.guess": PACKAGES, "r.dram": MEMORY}, (), {"package": "c.guess", "dram": "r.dram"}, "modelled"),
        ({"r.package": PACKAGES, "n.board": CARD}, (), {"package": "r.package"}, "counter"),  # an idle board
        (
            {"r.package": PACKAGES, "n.board": CARD},
            ("cuda",),
            {"package": "r.package", "board": "n.board"},
            "counter",
        ),
        ({"w.plug": ("plug",), "r.package": PACKAGES, "r.dram": MEMORY}, (), {"wall": "w.plug"}, "metered"),
    ],
)
def test_nothing_is_counted_twice_and_the_grade_is_that_of_the_worst_part(
    probed: Any, tags: Any, meters: Any, grade: Any
) -> None:
    found = choose(probed, FACTS, tags)
    assert isinstance(found, Choice)
    assert (found.meters, found.grade) == (meters, grade)


def test_on_an_accelerator_its_board_must_be_counted_too(none: Any) -> None:
    assert choose({"r.package": PACKAGES, "n.board": none}, FACTS, ("cuda",)) == none


def test_the_reason_is_that_of_the_meter_that_would_have_been_best(none: Any) -> None:
    modelled = NotMeasured(code="no-package", text="not installed")
    assert choose({"c.guess": modelled, "r.package": none}, FACTS, ()) == none


def test_a_powercap_tree_is_read_end_to_end(tmp_path: Path, machine: Any, model: Any, make_context: Any) -> None:
    rapl = pytest.importorskip("carelabel_rapl.meter")
    zone = tmp_path / "powercap" / "intel-rapl:0"
    zone.mkdir(parents=True)
    (zone / "name").write_text("package-0\n")
    (zone / "energy_uj").write_text("0\n")
    (zone / "max_energy_range_uj").write_text("120000000\n")  # wraps around at 120 J, in the middle of the work

    def read(path: Path) -> str:
        return str(round(machine.joules * 1e6) % 120_000_000) if path.name == "energy_uj" else path.read_text()

    meter = rapl.PackageMeter(root=tmp_path / "powercap", cpuinfo=tmp_path / "none", read=read)
    model.call_s = 0.0005
    context = make_context({"rapl.package": meter}, {"rapl.package": PACKAGE})
    found = measured(context, machine, seconds=1.5)
    seconds = found["energy_per_prediction"].detail["seconds"]
    assert machine.joules > 120.0
    assert found["energy_gross"].value == pytest.approx(105.0, rel=0.01)
    assert found["energy_net"].value / seconds == pytest.approx(50.0, rel=0.01)


def test_the_test_holds_for_every_model() -> None:
    assert TEST.tasks == TEST.frameworks == TEST.families == ANY
    assert (TEST.scope, TEST.style, TEST.place) == ("cell", "once", "candidate")


def test_declaring_imports_nothing_heavy() -> None:
    program = (
        "import sys; import carelabel_energy.plugin as plugin; plugin.carelabel_tests(); plugin.carelabel_meters();"
        "print(sorted({'numpy', 'pyRAPL', 'codecarbon', 'zeus', 'pandas'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert found.strip() == "[]"


def test_readers_of_other_tools_say_what_their_figures_are_worth() -> None:
    assert {meter.name: meter.grade for meter in carelabel_meters()} == {
        "pyrapl": "counter",
        "codecarbon": "modelled",
        "zeus": "modelled",
    }
    assert all(meter.requires for meter in carelabel_meters())
