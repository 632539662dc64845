"""Plain tables."""

from __future__ import annotations

import json
from dataclasses import fields

from carelabel.plugin.parameter import Parameter
from carelabel.plugin.records import ANY, Backend, Metric, Quantity, Registered, Test
from carelabel.render.columns import columns
from carelabel.render.lists import records_as_json, records_as_text


def test_the_last_column_wraps_under_itself() -> None:
    text = columns(("ID", "SUMMARY"), [("acme.one", "what it does in more words than fit")], width=34)
    assert text.splitlines() == [
        "ID        SUMMARY",
        "acme.one  what it does in more",
        "          words than fit",
    ]


def test_where_there_is_no_room_it_moves_to_its_own_lines() -> None:
    text = columns(("ID", "SUMMARY"), [("acme.a-long-name", "what it does")], width=30)
    assert text.splitlines() == ["ID", "    SUMMARY", "acme.a-long-name", "    what it does"]


def test_paths_stay_whole() -> None:
    path = "/a/very-long/path-that/does-not/fit/anywhere"
    assert path in columns(("ID", "FILE"), [("x", path)], width=40)


def test_a_table_without_rows_is_its_heading() -> None:
    assert columns(("ID", "SUMMARY"), []) == "ID  SUMMARY"


def registered(record: Backend | Metric | Test) -> Registered:
    return Registered(id=f"acme.{record.name}", record=record, distribution="acme", version="1.0")


BACKEND = Backend(
    name="wood",
    summary="loads wood",
    entry="acme.wood:Wood",
    tasks=ANY,
    frameworks=frozenset({"woodwork"}),
    formats=frozenset({"wood-b", "wood-a"}),
    suffixes=(".wood", ".log"),
    framework="woodwork",
    magic=(b"WOOD",),
    executes_code=True,
)
METRIC = Metric(
    name="far",
    summary="how far",
    entry="acme.far:far",
    tasks=frozenset({"regression"}),
    frameworks=ANY,
    input="labels",
    better="lower",
    range=(0.0, float("inf")),
)
TEST = Test(
    name="bend",
    summary="bends it",
    entry="acme.bend:run",
    tasks=ANY,
    frameworks=ANY,
    group="resources",
    scope="cell",
    quantities=(Quantity(name="angle", unit="1", better=None, group="size", meaning="How far it bends."),),
    parameters=(Parameter(name="force", type="float", default=1.0, description="How much."),),
)


def test_a_list_for_people_has_what_matters_of_its_kind() -> None:
    assert records_as_text(Backend, [registered(BACKEND)], 100).splitlines() == [
        "ID         FRAMEWORK  FILES       RUNS CODE  SUMMARY",
        "acme.wood  woodwork   .wood .log  yes        loads wood",
    ]


def test_a_list_for_machines_has_every_field() -> None:
    backend, metric, test = json.loads(records_as_json([registered(item) for item in (BACKEND, METRIC, TEST)]))
    assert (backend["id"], backend["kind"], backend["distribution"]) == ("acme.wood", "backend", "acme")
    assert (backend["formats"], backend["magic"], backend["tasks"]) == (["wood-a", "wood-b"], ["574f4f44"], ["*"])
    assert metric["range"] == [0.0, "inf"]
    assert test["quantities"][0]["meaning"] == "How far it bends."
    assert test["parameters"][0] == {
        "name": "force",
        "type": "float",
        "default": 1.0,
        "description": "How much.",
        "minimum": None,
        "maximum": None,
        "choices": [],
    }
    assert set(test) == {"id", "kind", "distribution", "version", "builtin", *(field.name for field in fields(TEST))}


def test_an_empty_list_is_an_empty_array() -> None:
    assert records_as_json([]) == "[]"
