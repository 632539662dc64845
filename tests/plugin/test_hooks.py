"""Every hook is documented, has its kind of record, and delivers it."""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.plugin import hookspecs
from carelabel.plugin.entry_points import FoundPlugin
from carelabel.plugin.hookspecs import hookimpl
from carelabel.plugin.loading import HOOKS, NOT_WIRED, load_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel.plugin.records import Record

NAMES = sorted(name for name in vars(hookspecs) if name.startswith("carelabel_"))


def loaded(name: str, record: Record, monkeypatch: pytest.MonkeyPatch) -> tuple[Record, ...]:
    module = ModuleType("hooked")

    def hook() -> list[Record]:
        return [record]

    hook.__name__ = name
    setattr(module, name, hookimpl(hook))
    monkeypatch.setitem(sys.modules, "hooked", module)
    found = FoundPlugin(name="acme", value="hooked", distribution="acme", version="1", source="", builtin=False)
    result = load_plugin(found)
    assert result.problems == ()
    return tuple(item.record for item in result.records)


def test_every_hook_is_there_and_no_other() -> None:
    assert sorted(HOOKS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_hook_is_documented_and_takes_nothing(name: str) -> None:
    hook = getattr(hookspecs, name)
    assert inspect.getdoc(hook)
    assert not inspect.signature(hook).parameters


@pytest.mark.parametrize("name", [name for name in NAMES if HOOKS[name] not in NOT_WIRED])
def test_a_hook_delivers_its_kind_of_record(
    name: str, record_of: Callable[[type[Record]], Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = record_of(HOOKS[name])
    assert loaded(name, record, monkeypatch) == (record,)


def test_the_example_in_the_docstring_works(monkeypatch: pytest.MonkeyPatch) -> None:
    text = inspect.cleandoc(hookspecs.__doc__ or "").partition("::\n")[2]
    namespace: dict[str, Any] = {}
    exec(inspect.cleandoc(text), namespace)  # noqa: S102 - our own example
    (record,) = namespace["carelabel_metrics"]()
    assert loaded("carelabel_metrics", record, monkeypatch) == (record,)


def test_every_kind_of_record_is_public() -> None:
    import carelabel  # noqa: PLC0415

    for kind in HOOKS.values():
        assert getattr(carelabel, kind.__name__) is kind
