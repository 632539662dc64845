"""Every registered test, metric and converter is on a committed label, with values that others found as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.label.schema import Label
from carelabel.plugin.discovery import discover
from tests.flow.conftest import installed

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parents[1] / "labels"
LABELS = {path.name.removesuffix(".label.json"): path for path in sorted(FOLDER.glob("*.label.json"))}
LARGEST = 200_000

NO_HARDWARE = {
    "resources.gpu-memory": "needs a CUDA device",
    "energy.energy": "needs a counter; without one its figures are null with a reason",
    "torch.float16": "needs a CUDA device",
    "fastinference.upstream": "needs sbuschjaeger's FastInference, which no package index has",
}
"""Records that the machine of these labels cannot measure."""


def read(name: str) -> Label:
    return Label.model_validate_json(LABELS[name].read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def labels() -> Mapping[str, Label]:
    return {name: read(name) for name in LABELS}


@pytest.fixture(scope="module")
def measured(labels: Mapping[str, Label]) -> set[str]:
    """Tests and metrics with a value on some label."""
    return {row.test for label in labels.values() for row in label.measurements if row.value is not None}


@pytest.mark.parametrize("name", LABELS)
def test_a_committed_label_loads_and_is_small(name: str) -> None:
    assert LABELS[name].stat().st_size < LARGEST
    label = read(name)
    assert label.schema_version.partition(".")[0] == "1"
    assert {outcome.status for outcome in label.outcomes} <= {"measured", "failed", "skipped"}
    for row in label.measurements:
        assert (row.value is None) == bool(row.reason)


def test_every_registered_test_and_metric_is_measured_on_some_label(measured: set[str]) -> None:
    registry = discover()
    registered = {*registry.tests(), *registry.metrics()}
    assert registered - measured - set(NO_HARDWARE) == set()


def test_every_registered_converter_has_built_something_on_some_label(labels: Mapping[str, Label]) -> None:
    candidates = [item for label in labels.values() for item in label.candidates]
    built = {item.converter for item in candidates if item.status == "built"}
    records = discover().converters().items()
    registered = {identifier for identifier, record in records if record.conversion != "export"}
    assert registered - built - set(NO_HARDWARE) == set()


def test_what_cannot_be_measured_here_is_null_with_a_reason(labels: Mapping[str, Label]) -> None:
    if "energy" not in installed():
        pytest.skip("the plugin energy is not installed")
    rows = [row for label in labels.values() for row in label.measurements if row.test == "energy.energy"]
    assert rows
    assert all(row.value is None and row.reason and row.interval is None for row in rows if row.grade is None)


VALUES: list[tuple[str, Mapping[str, Any]]] = [
    (name, row)
    for name in LABELS
    for row in json.loads((FOLDER / f"{name}.independent.json").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(
    ("name", "row"),
    VALUES,
    ids=[f"{name}-{row['quantity']}-{'-'.join(map(str, row['at'].values()))}" for name, row in VALUES],
)
def test_a_figure_is_what_others_found(labels: Mapping[str, Label], name: str, row: Mapping[str, Any]) -> None:
    """By formulas of `tests.flow.formulas`, by a clock, /proc or the file system: `tests/labels/independent.py`."""
    found = [
        item
        for item in labels[name].measurements
        if (item.candidate, item.test, item.quantity) == ("original", row["test"], row["quantity"])
        and {key: item.at.get(key) for key in row["at"]} == row["at"]
    ]
    assert found, f"{row['quantity']} is not on the label {name}"
    for item in found:
        assert isinstance(item.value, int | float), item.reason
        if "factor" in row:
            most = row["value"] * row["factor"] + row.get("plus", 0)
            assert row["value"] / row["factor"] <= item.value <= most, row["source"]
        else:
            assert item.value == pytest.approx(row["value"], rel=row["relative"], abs=1e-9), row["source"]


def test_every_measured_test_has_a_value_that_others_found(measured: set[str]) -> None:
    assert measured - {row["test"] for _, row in VALUES} == set()


LABELS_ALONE = frozenset({"accuracy", "balanced_accuracy", "error_rate"})
"""Quantities of a classifier that nothing but its labels enters."""


@pytest.mark.parametrize("name", LABELS)
def test_a_form_without_flips_has_the_figures_that_others_found_for_the_original(
    labels: Mapping[str, Label], name: str
) -> None:
    known = {row["quantity"]: row["value"] for of, row in VALUES if of == name and row["quantity"] in LABELS_ALONE}
    parity = {item.id: item.parity for item in labels[name].candidates if item.parity is not None}
    same = {form for form, found in parity.items() if found.flips == 0 and not found.tie_flips}
    for row in labels[name].measurements:
        if row.candidate in same and row.quantity in known:
            assert row.value == pytest.approx(known[row.quantity], rel=1e-9), (row.candidate, row.quantity)


@pytest.mark.parametrize("name", LABELS)
def test_a_candidate_is_as_right_as_its_parity_with_the_original_allows(labels: Mapping[str, Label], name: str) -> None:
    """A flipped row changes the accuracy by one row at most."""
    label = labels[name]
    right = {
        row.candidate: row.value * (row.n or 0)
        for row in label.measurements
        if row.quantity == "accuracy" and isinstance(row.value, int | float)
    }
    for item in label.candidates:
        if item.id in right and item.parity is not None and item.parity.flips is not None:
            changed = item.parity.flips + (item.parity.tie_flips or 0)
            assert abs(right[item.id] - right["original"]) <= changed + 1e-9, item.id
