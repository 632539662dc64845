"""The tables say for every pair of model and converter what must come out: no deviation, better or worse, passes."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

import pytest

from carelabel.plugin.needs import missing_requirements
from tests.conversions.workshop import NOT_DECLARED, TABLES, Table, registry
from tests.pins import others

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel.plugin.records import Converter
    from tests.conversions.workshop import Model

pytestmark = [
    # A value beyond float32 becomes infinite where a model takes float32: that is what is looked at.
    pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning"),
    # Keras itself copies torch's tensors in numpy's old way.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]
CONVERTERS = registry().converters()
WORDS = frozenset({"identical", "equivalent", "different"})
ROWS = [
    pytest.param(
        table,
        model,
        converter,
        id=f"{model}-{converter}",
        marks=[pytest.mark.slow] if table.is_slow(model, converter) else [],
    )
    for table in TABLES
    for model, outcomes in table.outcomes.items()
    for converter in outcomes
]
MODELS = [pytest.param(table, model, id=model) for table in TABLES for model in table.outcomes]


def usable(name: str) -> Converter:
    """The record, where its plugin and packages are installed."""
    if name not in CONVERTERS:
        pytest.skip(f"{name} is not installed")
    record = CONVERTERS[name]
    from carelabel.base.host import probe_host  # noqa: PLC0415 - looked at for packages only

    if missing := missing_requirements(record.requires, probe_host().packages):
        pytest.skip(f"{missing[0].requirement} is not installed")
    return record


@pytest.mark.parametrize(("table", "model", "converter"), ROWS)
def test_a_conversion_comes_out_as_the_table_says(
    table: Table, model: str, converter: str, model_of: Callable[[Table, str], Model]
) -> None:
    record = usable(converter)
    word, found = model_of(table, model).outcome(record)
    if others():
        assert word in WORDS or word.startswith("failed:"), found
        pytest.skip(f"the table is of the versions in constraints.txt; here are {', '.join(others())}")
    assert word == table.outcomes[model][converter], found


@pytest.mark.parametrize(("table", "model"), MODELS)
def test_every_other_converter_is_not_for_it(table: Table, model: str, model_of: Callable[[Table, str], Model]) -> None:
    others = [name for name in table.converters if name not in table.outcomes[model] and name in CONVERTERS]
    made = model_of(table, model)
    assert [name for name in others if made.declared(CONVERTERS[name])] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_holds_known_words_alone(table: Table) -> None:
    pairs = {f"{model}/{converter}" for model, outcomes in table.outcomes.items() for converter in outcomes}
    assert table.slow <= pairs | set(table.converters)
    assert table.quick <= pairs
    for outcomes in table.outcomes.values():
        assert set(outcomes) <= set(table.converters)
        words = {word for word in outcomes.values() if not word.startswith("failed:")}
        assert words <= WORDS
        assert NOT_DECLARED not in words


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_quick_round_runs_every_converter(table: Table) -> None:
    quick = {
        converter
        for model, outcomes in table.outcomes.items()
        for converter in outcomes
        if not table.is_slow(model, converter)
    }
    assert quick == set(table.converters)


NO_TABLE = {
    "fastinference.thresholds-*": "rounds the engine's own files: tests/plugins/carelabel_fastinference",
    "fastinference.leaves-*": "as above",
    "fastinference.upstream": "needs FastInference itself: tests/plugins/carelabel_fastinference",
}


def test_every_converter_has_a_table() -> None:
    records = {
        name: record for name, record in CONVERTERS.items() if record.conversion in {"format", "prune", "quantise"}
    }
    without = set(records) - {name for table in TABLES for name in table.converters}
    assert {name for name in without if not any(fnmatch(name, glob) for glob in NO_TABLE)} == set()
