"""The conformance kit lets right records pass and names each fault."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.plugin.parameter import Parameter
from carelabel.plugin.records import ANY, Backend, Converter, Meter, Metric, Quantity, Record, Registered
from carelabel.plugin.records import Test as TestRecord
from carelabel.plugin.registry import PluginInfo, Registry
from carelabel.testing.conformance import cases_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carelabel.testing.result import CheckResult

CODE = "tests.testing.faulty"
FIGURE = Quantity(name="q", unit="1", better=None, group="quality", meaning="A figure.")


def record(kind: type[Record], code: str, **fields: Any) -> Any:
    whole = {"summary": "one line", "tasks": ANY, "frameworks": ANY, **fields}
    return kind(name="one", entry=f"{CODE}:{code}", **whole)


def metric(code: str, **fields: Any) -> Metric:
    own = {"tasks": frozenset({"classification"}), "input": "labels", "better": "lower", "range": (0.0, 1.0), **fields}
    return record(Metric, code, **own)


def once(code: str, **fields: Any) -> TestRecord:
    return record(TestRecord, code, **{"group": "quality", "scope": "candidate", "quantities": (FIGURE,), **fields})


def paired(code: str) -> TestRecord:
    return once(code, style="paired", scope="cell")


def backend(code: str, **fields: Any) -> Backend:
    own = {"formats": frozenset({"json"}), "suffixes": (".json",), "framework": "json", **fields}
    return record(Backend, code, **own)


def converter(code: str, **fields: Any) -> Converter:
    own = {"source": frozenset({"json"}), "target": "json", "conversion": "format", "slug": "j", "lossless": True}
    return record(Converter, code, **{**own, **fields})


def meter(code: str) -> Meter:
    return record(Meter, code, domain="package", grade="counter")


def registry_of(*records: Record) -> Registry:
    named = {f"acme.{item.kind}": item for item in records}
    info = PluginInfo(
        name="acme",
        module="json",
        distribution="acme",
        version="1",
        source="",
        builtin=False,
        status="loaded",
        records=len(named),
    )
    registered = {key: Registered(id=key, record=item, distribution="acme", version="1") for key, item in named.items()}
    # The checks find the records of a plugin by the first part of their ids.
    return Registry(records=registered, plugins=(info,))


def results_of(*records: Record) -> dict[str, CheckResult]:
    return {case.check.name: case.result() for case in cases_of("acme", registry_of(*records))}


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Some faults change the process that they are found in."""
    yield
    gc.enable()
    tracemalloc.stop()


@pytest.mark.parametrize(
    "right",
    [
        metric("error_rate"),
        metric("error_rate", tasks=ANY, frameworks=frozenset({"any"}), requires=("numpy>=1",)),
        metric("pair_agreement", tasks=frozenset({"clustering"}), input="clusters", better="higher"),
        metric("tightness", tasks=frozenset({"clustering"}), input="clusters", better="higher", on_features=True),
        metric("miss", input="probabilities"),
        metric("fast"),
        once("rows"),
        once("rows", place="scorer"),
        once("rows", place="fresh", reusable=True),
        paired("Paired"),
        backend("JsonBackend"),
        converter("convert"),
        meter("WorkingMeter"),
        meter("AbsentMeter"),
    ],
    ids=lambda item: item.entry.partition(":")[2],
)
def test_a_right_record_passes(right: Record) -> None:
    helpers = [] if right.kind == "backend" else [backend("JsonBackend")]
    results = results_of(right, *helpers).values()
    assert [result.message for result in results if result.status == "failed"] == []


@pytest.mark.parametrize(
    ("wrong", "check", "message"),
    [
        (metric("absent"), "entry", f"{CODE} has no 'absent'"),
        (metric("not_callable"), "entry", "is int, which cannot be called"),
        (metric("error_rate", summary=" "), "summary", "summary is ' '"),
        (metric("error_rate", requires=("not a name!",)), "requirements", "requires holds 'not a name!'"),
        (metric("rows"), "metric-signature", "must take (#1, #2), got (context"),
        (metric("swapped"), "metric-signature", "the arguments are called y_pred, y_true"),
        (metric("percent"), "metric-range", "on two labels, range is (0.0, 1.0)"),
        (
            metric("error_rate", better="higher"),
            "metric-perfect",
            "0.0 for a perfect answer on two labels",
        ),
        (metric("moody"), "metric-deterministic", ", then "),
        (metric("meddling"), "metric-deterministic", "the metric changed its input on two labels"),
        (metric("hollow"), "metric-finite", "nan for an answer with mistakes on two labels"),
        (metric("vector"), "metric-finite", "not one number"),
        (metric("miss_without_classes", input="probabilities"), "metric-signature", "must take (#1, #2, classes=)"),
        (metric("hasty"), "metric-resamples", "on two labels, plainly"),
        (metric("failing"), "metric-finite", "got RuntimeError: not today"),
        (once("error_rate"), "test-signature", "run(context, **parameters) must take (#1)"),
        (once("undeclared"), "test-measures", "it gave 'z', declared are q"),
        (once("bare_number"), "test-measures", "it gave float, not Measurement"),
        (once("infinite"), "test-measures", "q is inf"),
        (once("unlevelled"), "test-measures", "q has an interval without a level"),
        (once("graded"), "test-measures", "grade of q must be a word, got 3"),
        (once("twice"), "test-measures", "one must give one figure for a quantity and a place, got two of q at {}"),
        (once("endless"), "test-measures", "one must give at most 1000 figures in a cell, got more"),
        (once("nothing"), "test-measures", "nothing came for classification"),
        (once("rows", quantities=(FIGURE, FIGURE)), "test-quantities", "a quantity is declared twice: q, q"),
        (
            once("rows", quantities=(Quantity(name="q", unit="1", better=None, group="g", meaning=""),)),
            "test-quantities",
            "q has no meaning",
        ),
        (paired("rows"), "test-signature", "is no class"),
        (paired("Turnless"), "test-signature", "turn, statistic, summarise missing"),
        (paired("Numpyish"), "test-measures", "object has no JSON form"),
        (paired("Forgetful"), "test-measures", "AttributeError"),
        (paired("Boundless"), "test-measures", "the statistics of the turns are [inf, inf, inf, inf, inf]"),
        (
            replace(paired("TwoPoints"), place="fresh"),
            "test-measures",
            "in fresh workers it must name one point, got 2",
        ),
        (once("tracing", place="fresh", reusable=True), "test-reusable", "it left other tracing than it found"),
        (once("closing", place="fresh", reusable=True), "test-reusable", "RuntimeError: the model is closed"),
        (once("uncollected", place="fresh", reusable=True), "test-reusable", "it left other garbage collection than"),
        (paired("Remembering"), "test-measures", "AttributeError"),
        (backend("LoadOnly"), "backend-methods", "must have the methods inspect, load; inspect missing"),
        (backend("CrashingBackend"), "backend-noise", "got JSONDecodeError"),
        (backend("CredulousBackend"), "backend-noise", "of a file of noise"),
        (backend("JsonBackend", suffixes=("JSON",)), "backend-files", "suffixes must begin with a dot"),
        (backend("JsonBackend", suffixes=()), "backend-files", "neither suffixes nor magic"),
        (converter("convert_little"), "converter-signature", "must take (#1, #2, #3)"),
        (converter("convert", target="toml"), "converter-target", "no installed backend loads 'toml'"),
        (converter("convert", source=frozenset({"yaml"})), "converter-source", "no installed plugin brings yaml"),
        (converter("convert", lossless=False), "converter-tolerance", "lossless is False and tolerance is empty"),
        (meter("SilentMeter"), "meter-probe", "probe gave (), not a tuple of names and not NotMeasured"),
        (meter("BackwardMeter"), "meter-joules", "stop gave {'package-0': -1.0}"),
        (meter("LoadOnly"), "meter-methods", "probe, start, stop missing"),
    ],
    ids=lambda item: item if isinstance(item, str) and "-" in item and " " not in item else "",
)
def test_a_fault_is_named(wrong: Record, check: str, message: str) -> None:
    helpers = [backend("JsonBackend")] if wrong.kind == "converter" else []
    result = results_of(wrong, *helpers)[check]
    assert result.status == "failed"
    assert message in result.message


def test_an_undescribed_parameter_is_named() -> None:
    parameter = Parameter(name="rows", type="int", default=1, description=" ")
    result = results_of(once("rows", parameters=(parameter,)))["parameters"]
    assert (result.status, result.message) == ("failed", "no description of rows")


@pytest.mark.parametrize(
    ("record", "check", "message"),
    [
        (
            metric("error_rate", requires=("absent-package>=3",)),
            "metric-range",
            "requires absent-package>=3",
        ),
        (
            metric("error_rate", tasks=frozenset({"ranking"})),
            "metric-range",
            "no inputs for labels of ranking",
        ),
        (once("rows", frameworks=frozenset({"weka"})), "test-measures", "it is for candidates of weka"),
        (once("rows", needs=frozenset({"gradients"})), "test-measures", "it needs gradients"),
        (once("rows"), "test-reusable", "its worker is not used again"),
        (meter("AbsentMeter"), "meter-joules", "this machine has no counter"),
    ],
    ids=["package", "task", "framework", "need", "reusable", "sensor"],
)
def test_what_cannot_be_checked_here_is_skipped_with_the_reason(record: Record, check: str, message: str) -> None:
    result = results_of(record)[check]
    assert result.status == "skipped"
    assert message in result.message


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("converter-target", "no installed backend loads 'toml'"),
        ("converter-source", "no installed plugin brings yaml"),
    ],
)
def test_a_built_in_converter_may_be_without_the_plugin_that_brings_its_formats(check: str, message: str) -> None:
    held = registry_of(converter("convert", source=frozenset({"yaml"}), target="toml"), backend("JsonBackend"))
    records = {name: replace(item, builtin=True) for name, item in held.records.items()}
    results = {case.check.name: case.result() for case in cases_of("acme", replace(held, records=records))}
    assert (results[check].status, results[check].message) == ("skipped", message)


def test_every_check_has_a_sentence_and_a_name_of_its_own() -> None:
    results = results_of(
        metric("error_rate"), once("rows"), backend("JsonBackend"), converter("convert"), meter("AbsentMeter")
    )
    assert all(" must " in result.sentence for result in results.values())
