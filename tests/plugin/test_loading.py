"""A record whose fields hold something else than they declare is left out: it would break every run, not its own."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.plugin.entry_points import FoundPlugin
from carelabel.plugin.hookspecs import hookimpl
from carelabel.plugin.loading import HOOKS, LoadedPlugin, load_plugin
from carelabel.plugin.parameter import Parameter
from carelabel.plugin.records import Backend, Executor, Meter, Metric, Platform, Quantity, Sink, Test

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel.plugin.records import Record

FOUND = FoundPlugin(name="acme", value="hooked", distribution="acme", version="1", source="", builtin=False)
FIGURE = Quantity(name="q", unit="1", better=None, group="quality", meaning="A figure.")


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoadedPlugin]:
    """Load a plugin that brings these records of one kind."""

    def loaded(*records: Record) -> LoadedPlugin:
        module = ModuleType("hooked")

        def hook() -> list[Record]:
            return list(records)

        hook.__name__ = next(name for name, kind in HOOKS.items() if isinstance(records[0], kind))
        setattr(module, hook.__name__, hookimpl(hook))
        monkeypatch.setitem(sys.modules, "hooked", module)
        return load_plugin(FOUND)

    return loaded


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        (Backend, {"suffixes": [".foo"]}, "suffixes must be tuple[str, ...], got ['.foo']"),
        (Backend, {"suffixes": (b".foo",)}, "suffixes must be tuple[str, ...], got (b'.foo',)"),
        (Backend, {"suffixes": ("",)}, "suffixes and magic must not be empty words, got ('',) and ()"),
        (Backend, {"magic": [b"FOO"]}, "magic must be tuple[bytes, ...], got [b'FOO']"),
        (Backend, {"magic": ("FOO",)}, "magic must be tuple[bytes, ...], got ('FOO',)"),
        (Backend, {"executes_code": None}, "executes_code must be bool, got None"),
        (Backend, {"framework": 7}, "framework must be str, got 7"),
        (Backend, {"formats": {"f"}}, "formats must be frozenset[str], got {'f'}"),
        (Metric, {"requires": (1,)}, "requires must be tuple[str, ...], got (1,)"),
        (Metric, {"group": None}, "group must be str, got None"),
        (Metric, {"range": (0.0,)}, "range must be tuple[float, float], got (0.0,)"),
        (Metric, {"api": True}, "api must be int, got True"),
        (Test, {"quantities": ("x",)}, "quantities must be tuple[Quantity, ...], got ('x',)"),
        (Test, {"quantities": (replace(FIGURE, unit=None),)}, "unit must be str, got None (in quantities)"),  # type: ignore[arg-type]  # the mistake
        (Test, {"group": None}, "group must be str, got None"),
        (Test, {"timeout_s": "1"}, "timeout_s must be float | None, got '1'"),
        (Meter, {"domain": "moon"}, "domain must be one of 'package', 'dram', 'board', 'wall', got 'moon'"),
        (Platform, {"environment": (("A", 1),)}, "environment must be tuple[tuple[str, str], ...], got (('A', 1),)"),
    ],
)
def test_a_record_of_wrong_types_is_left_out_alone(
    load: Callable[..., LoadedPlugin], record_of: Callable[..., Record], *, kind: type[Record], fields: Any, text: str
) -> None:
    good = record_of(kind)
    found = load(replace(good, name="wrong", **fields), good)
    assert [item.record for item in found.records] == [good]
    (problem,) = found.problems
    assert (problem.code, problem.text) == ("invalid-record", f"wrong: {text}")


def test_numbers_and_what_subclasses_add_are_taken(load: Callable[..., LoadedPlugin], record_of: Any) -> None:
    parameter = Parameter(name="k", type="int", default=1, description="how many", minimum=0, choices=(1, "two"))
    record = replace(record_of(Test), timeout_s=3, parameters=(parameter,))
    assert load(record).problems == ()


@pytest.mark.parametrize("kind", [Sink, Executor])
def test_what_nothing_calls_is_a_problem_and_not_a_record(
    load: Callable[..., LoadedPlugin], record_of: Callable[..., Record], kind: type[Record]
) -> None:
    found = load(record_of(kind))
    assert found.records == ()
    (problem,) = found.problems
    assert problem.code == "not-wired"
    assert problem.text == (
        f"{kind.kind}: this version of carelabel calls no {kind.kind}, so the record would never run"
    )
