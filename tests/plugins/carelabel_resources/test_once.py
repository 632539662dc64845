"""The tests that run once: load, size, parameters, memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from carelabel.measure.memory import Reader
from carelabel_resources import load, memory, parameters, size
from carelabel_resources.plugin import carelabel_tests
from tests.factories import make_model


def by_name(figures: Any) -> Any:
    figures = list(figures)
    found = {figure.quantity: figure for figure in figures}
    assert len(found) == len(figures)
    return found


def declared(name: str) -> Any:
    return {quantity.name for test in carelabel_tests() if test.name == name for quantity in test.quantities}


class Loads:
    """Loads of known length; the first one of a process takes the imports, too."""

    def __init__(self, fake: Any, predictor: Any, seconds: float) -> None:
        self.fake, self.predictor, self.seconds = fake, predictor, iter(seconds)
        self.lived = False

    def live(self) -> Any:
        if not self.lived:
            self.fake.spend(3.0)
            self.lived = True
        return self.predictor

    def load(self) -> Any:
        self.fake.spend(next(self.seconds))
        return self.predictor


def test_first_load_first_call_and_six_loads(fake: Any, predictor: Any, make_context: Any) -> None:
    loads = Loads(fake, predictor, [0.4, 0.2, 0.3, 0.1, 0.6, 0.5])
    context = make_context(load=loads.load, live=loads.live, notes={"import_s": 2.5})
    found = by_name(load.run(context, repeats=6, clock=fake.clock))
    assert set(found) == declared("load")
    assert found["first_load"].value == pytest.approx(3.0)
    assert found["first_call"].value == pytest.approx(0.0011)
    assert found["import_time"].value == 2.5
    assert found["load_time"].value == pytest.approx(0.35)
    assert found["load_time"].interval == pytest.approx((0.1, 0.6))
    assert (found["load_time"].n, found["load_time"].level) == (6, pytest.approx(0.96875))
    assert "96.9%" in found["load_time"].method
    assert predictor.closed == 6


def test_fewer_than_six_loads_have_no_interval(fake: Any, predictor: Any, make_context: Any) -> None:
    loads = Loads(fake, predictor, [0.4, 0.2, 0.3])
    found = by_name(load.run(make_context(load=loads.load, live=loads.live), repeats=3, clock=fake.clock))
    assert found["load_time"].value == pytest.approx(0.3)
    assert (found["load_time"].interval, found["load_time"].level) == (None, None)
    assert found["import_time"].value is None
    assert found["import_time"].reason == "the worker did not note how long its imports took"


def test_size_of_a_file_and_of_a_folder(tmp_path: Any, make_context: Any) -> None:
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "a.bin").write_bytes(b"x" * 1000)
    (tmp_path / "model" / "deep" / "b.bin").write_bytes(b"x" * 24)
    assert by_name(size.run(make_context(path=tmp_path / "model")))["model_size"].value == 1024
    found = by_name(size.run(make_context(path=tmp_path / "model" / "a.bin")))
    assert found["model_size"].value == 1000
    assert set(found) == declared("size")


def test_parameters_as_the_form_itself_counts_them(predictor: Any, make_context: Any) -> None:
    predictor.parameter_counts = lambda: {"parameters": 650, "nonzero": 325, "nodes": 9}
    found = by_name(parameters.run(make_context(candidate="onnx")))
    assert (found["parameters"].value, found["parameters_nonzero"].value) == (650, 325)
    assert found["parameters"].detail == {"type": "counts", "nodes": 9}
    assert set(found) == declared("parameters")


def test_parameters_as_the_converter_noted_them(make_context: Any) -> None:
    context = make_context(candidate="onnx")
    context.artefact = replace(context.artefact, parameters={"parameter_counts": {"parameters": 650, "leaves": 3}})
    found = by_name(parameters.run(context))
    assert (found["parameters"].value, found["parameters"].method) == (650, "counted by the converter; exact")


def test_parameters_of_the_original_as_the_inspector_found_them(make_context: Any) -> None:
    facts = replace(make_model(), parameters=151_000, counts={"trees": 100, "nodes": 151_000})
    found = by_name(parameters.run(make_context(facts=facts)))
    assert found["parameters"].value == 151_000
    assert found["parameters"].detail == {"type": "counts", "trees": 100, "nodes": 151_000}


@pytest.mark.parametrize("candidate", ["original", "onnx"])
def test_parameters_that_nobody_counts_are_null_with_a_reason(make_context: Any, candidate: Any) -> None:
    facts = replace(make_model(), parameters=None if candidate == "original" else 42)
    found = by_name(parameters.run(make_context(candidate=candidate, facts=facts)))
    assert found["parameters"].value is None
    assert found["parameters"].reason == "neither backend nor converter of this form counts parameters"


class FakeMemory:
    """A process whose resident memory and peak are known."""

    def __init__(self, *, clear: bool | None = True) -> None:
        self.rss = self.hwm = 50_000
        self.clear = clear

    def hold(self, size: int) -> None:
        self.rss += size
        self.hwm = max(self.hwm, self.rss)

    def touch(self, size: int) -> None:
        self.hwm = max(self.hwm, self.rss + size)

    def reset(self) -> Any:
        if self.clear:
            self.hwm = self.rss
        return self.clear

    @property
    def reader(self) -> Any:
        return Reader(resident=lambda: self.rss, peak=lambda: self.hwm, reset=self.reset)


def remember(process: Any, predictor: Any, fake: Any, make_context: Any, **changes: Any) -> Any:
    """A model of 200,000 B that needs 30,000 B at its first call, of which it keeps 20,000, and 7,000 later."""
    first = iter([True])

    def live() -> Any:
        if process.rss == 50_000:
            process.hold(200_000)
        return predictor

    def predict(_: Any) -> None:
        fake.spend(0.01)
        if next(first, False):
            process.touch(30_000)
            process.hold(20_000)
        else:
            process.touch(7_000)

    predictor.predict = predict
    context = make_context(live=live, **changes)
    return by_name(memory.run(context, batch_size=64, call="predict", reader=process.reader, clock=fake.clock))


def test_resident_after_load_first_peak_and_steady_peak(fake: Any, predictor: Any, make_context: Any) -> None:
    found = remember(FakeMemory(), predictor, fake, make_context)
    assert set(found) == declared("memory")
    assert found["resident_after_load"].value == 200_000
    assert found["peak_first_predict"].value == 30_000
    assert found["peak_steady"].value == 7_000
    assert found["peak_steady"].interval == (7_000, 7_000)
    assert (found["peak_steady"].n, found["peak_steady"].level) == (6, pytest.approx(0.96875))
    assert found["peak_first_predict"].at == found["peak_steady"].at == {"batch": 64}
    assert "clear_refs" in found["peak_first_predict"].method


def test_a_bare_worker_is_what_the_worker_noted_at_its_start(fake: Any, predictor: Any, make_context: Any) -> None:
    found = remember(FakeMemory(), predictor, fake, make_context, notes={"bare_bytes": 10_000})
    assert found["resident_after_load"].value == 240_000
    assert "10000 B of a bare worker" in found["resident_after_load"].method


def test_without_clear_refs_the_fall_back_is_named_and_what_it_cannot_know_is_null(
    fake: Any, predictor: Any, make_context: Any
) -> None:
    found = remember(FakeMemory(clear=False), predictor, fake, make_context)
    assert found["peak_first_predict"].value == 30_000
    assert found["peak_first_predict"].method.startswith("fall-back without clear_refs")
    assert found["peak_steady"].value is None
    assert found["peak_steady"].reason.startswith("the kernel has no clear_refs")


def test_a_system_that_tells_nothing_gives_null_with_reasons(fake: Any, predictor: Any, make_context: Any) -> None:
    reader = Reader(resident=lambda: None, peak=lambda: None, reset=lambda: None)
    found = by_name(memory.run(make_context(), batch_size=4, call="predict", reader=reader, clock=fake.clock))
    assert {figure.value for figure in found.values()} == {None}
    assert all(figure.reason for figure in found.values())
