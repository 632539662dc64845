"""A label of forty candidates stays below a megabyte, and comes back from its tables row by row."""

from __future__ import annotations

import copy
import json
import random
from itertools import groupby
from pathlib import Path
from typing import Any

from carelabel.label.digits import OF_VALUE, rounded, rounded_outwards
from carelabel.label.folding import folded, is_folded, unfolded
from carelabel.label.packing import FOLDED_FROM, written
from carelabel.label.schema import Label

Json = dict[str, Any]

MEGABYTE = 1_000_000
FOREST = Path(__file__).parents[1] / "labels" / "forest.label.json"
NAMES = [f"contribution-50+fastinference-native-unshared-{number}" for number in range(39)]
BATCHES = (1, 16, 32, 64, 128, 1024)
CLASSES = range(10)
KEPT = {"original", "reference"}


def table_row(candidate: str, quantity: str, **changes: Any) -> Json:
    row = {"candidate": candidate, "platform": "cpu-1t", "test": "acme.speed", "quantity": quantity, "at": {"batch": 1}}
    return {**row, "value": 0.5, "unit": "s", "flags": ["contended", "loops"], **changes}


def document(rows: list[Json], **changes: Any) -> Json:
    return {"measurements": rows, "outcomes": [], "ratings": [], "compound": {}, "crossover": [], **changes}


def test_rows_come_back_from_tables_as_they_were_and_in_their_order() -> None:
    rows = [
        table_row("original", "p50"),
        table_row("original", "size", value=None, reason="#1", at={}),
        table_row("onnx", "p50", value=0.25),
        table_row("onnx", "ratio", unit="1"),
        table_row("onnx", "size", value=None, reason="another reason", at={}, flags=[]),
        table_row("onnx", "size", value=3, at={}, flags=[]),
        table_row("original", "p50", platform=None, test="acme.other"),
        table_row("onnx", "p50"),
    ]
    given = document(rows)
    again = unfolded(json.loads(json.dumps(folded(given))))
    assert again == given
    assert is_folded(folded(given))
    assert not is_folded(given)


def test_details_of_the_same_form_become_columns_and_others_stay() -> None:
    details = [{"type": "matrix", "rows": "true", "each": 1, "x": None}, {"type": "matrix", "rows": "true", "x": [1]}]
    curves = [{"type": "curve", "x": [0.0, 1.0], "y": None}, {"type": "curve", "x": [0.0, 0.5], "y": 2}]
    given = document(
        [
            *(table_row(f"c{number}", "matrix", detail=detail) for number, detail in enumerate(details)),
            *(table_row(f"c{number}", "curve", test="acme.curve", detail=item) for number, item in enumerate(curves)),
        ]
    )
    small = folded(given)
    assert unfolded(small) == given
    assert small["table_of_measurements"][1]["each"]["detail"] == {
        "type": "curve",
        "each": {"x": [[0.0, 1.0], [0.0, 0.5]], "y": [None, 2]},
    }


def test_the_same_rows_in_another_order_for_every_candidate_are_all_kept() -> None:
    rows = [table_row("a", "x"), table_row("a", "y"), table_row("b", "y"), table_row("b", "x"), table_row("a", "z")]
    again = unfolded(folded(document(rows)))["measurements"]
    assert len(again) == len(rows)
    assert all(row in again for row in rows)


def test_a_small_label_has_rows_and_a_large_one_tables() -> None:
    small = Label.model_validate_json(FOREST.read_bytes()).to_dict()
    large = grown(small)
    assert "measurements" in json.loads(written(small))
    text = written(large)
    assert "measurements" not in json.loads(text)
    assert len(text) > FOLDED_FROM / 2
    assert Label.model_validate_json(text).to_dict() == Label.model_validate(large).to_dict()


def test_a_label_of_forty_candidates_on_two_platforms_stays_below_a_megabyte() -> None:
    """As the suite full gives it: six batch sizes, ten classes, every figure of every candidate another one."""
    large = grown(Label.model_validate_json(FOREST.read_bytes()).to_dict())
    assert len(large["measurements"]) > 10_000
    assert len(large["candidates"]) == len(NAMES) + len(KEPT)
    assert len(written(large)) < MEGABYTE


def grown(label: Json) -> Json:
    """A label of 41 candidates on two platforms with the full suite's points, from one of three on one."""
    noise = random.Random(0)
    label = copy.deepcopy(label)
    label["platforms"] = [{**label["platforms"][0], "id": name} for name in ("cpu-1t", "cpu-all")]
    for name in ("measurements", "outcomes", "ratings"):
        label[name] = [row for part in _parts(name, label[name]) for row in _with_more_candidates(part, noise)]
    models = {item["id"]: item for item in label["candidates"]}
    label["candidates"] = [models["original"], *({**models["onnx"], "id": name} for name in NAMES), models["reference"]]
    of = label["compound"]["of"]
    label["compound"]["of"] = _with_more_candidates(_on_platforms(of), noise)
    label["crossover"] = [_crossover(platform, batch) for platform in ("cpu-1t", "cpu-all") for batch in BATCHES]
    return label


def _parts(name: str, rows: list[Json]) -> list[list[Json]]:
    """Rows in runs that a run writes together, on both platforms, with all batch sizes and classes."""
    if name == "ratings":
        return [_on_platforms(rows)]
    runs = [list(run) for _, run in groupby(rows, lambda row: (row["platform"], row["test"]))]
    wide = [_with_more_points(run) if name == "measurements" else run for run in runs]
    found: list[list[Json]] = [run for run in wide if run[0]["platform"] is None]
    for platform in ("cpu-1t", "cpu-all"):
        found += [[{**row, "platform": platform} for row in run] for run in wide if run[0]["platform"] is not None]
    return found


def _on_platforms(rows: list[Json]) -> list[Json]:
    return [{**row, "platform": platform} for row in rows for platform in ("cpu-1t", "cpu-all")]


def _with_more_points(run: list[Json]) -> list[Json]:
    for name, wanted in (("batch", BATCHES), ("class", CLASSES)):
        some = next((row["at"][name] for row in run if row["at"].get(name) in {1, 0, "ash"}), None)
        if some is not None and {row["at"].get(name) for row in run} - {some, None}:
            first = [row for row in run if row["at"].get(name) in {some, None}]
            return [{**row, "at": {**row["at"], name: point}} for row in first for point in wanted]
    return run


def _with_more_candidates(run: list[Json], noise: random.Random) -> list[Json]:
    found = [_another(row, noise) for row in run if row["candidate"] == "original"]
    for name in NAMES:
        found += [{**_another(row, noise), "candidate": name} for row in run if row["candidate"] == "onnx"]
    return found + [_another(row, noise) for row in run if row["candidate"] == "reference"]


def _another(row: Json, noise: random.Random) -> Json:
    """The row with other numbers, in as many digits as an assembled label has."""
    row = {
        **row,
        **{name: _noisy(row[name], noise) for name in ("value", "interval", "detail", "index") if name in row},
    }
    if "quantity" not in row or "letter" in row:
        return rounded(row)
    interval = rounded_outwards(row["interval"])
    return {**rounded(row), "value": rounded(row["value"], OF_VALUE), "interval": interval}


def _noisy(value: Any, noise: random.Random) -> Any:
    if isinstance(value, list):
        return [_noisy(item, noise) for item in value]
    if isinstance(value, dict):
        return {name: _noisy(item, noise) for name, item in value.items()}
    return value * noise.uniform(0.9, 1.0) if isinstance(value, float) else value


def _crossover(platform: str, batch: int) -> Json:
    order = [{"candidate": name, "seconds_per_row": rounded(1e-5 / (1 + number))} for number, name in enumerate(NAMES)]
    return {
        "platform": platform,
        "batch": batch,
        "order": order,
        "winner": NAMES[0],
        "tied": NAMES[1:20],
        "break_even": dict.fromkeys(NAMES, 12345),
    }
