"""Load one plugin: import its module, check its hooks, take its records. What goes wrong becomes a problem."""

from __future__ import annotations

import importlib
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pluggy import PluginManager, PluginValidationError

from carelabel.plugin import hookspecs
from carelabel.plugin.records import (
    API_VERSION,
    Backend,
    Converter,
    Executor,
    Meter,
    Metric,
    Platform,
    Problem,
    Record,
    Registered,
    Sink,
    Store,
    Test,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carelabel.plugin.entry_points import FoundPlugin

HOOKS: Final[Mapping[str, type[Record]]] = MappingProxyType(
    {
        "carelabel_backends": Backend,
        "carelabel_converters": Converter,
        "carelabel_tests": Test,
        "carelabel_metrics": Metric,
        "carelabel_meters": Meter,
        "carelabel_platforms": Platform,
        "carelabel_stores": Store,
        "carelabel_sinks": Sink,
        "carelabel_executors": Executor,
    },
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedPlugin:
    """What came of loading a plugin: records in the order it gave them, and problems."""

    records: tuple[Registered, ...] = ()
    problems: tuple[Problem, ...] = ()


class _RefusedError(Exception):
    """Carries a problem out of a step that cannot go on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def load_plugin(found: FoundPlugin) -> LoadedPlugin:
    """Import a plugin and take its records; what is wrong with it becomes problems."""
    records: list[Registered] = []
    problems: list[Problem] = []
    try:
        callers = _hook_callers(found)
    except _RefusedError as refusal:
        return LoadedPlugin(problems=(refusal.problem,))
    for name, caller in callers:
        try:
            given = _call(found, name, caller)
        except _RefusedError as refusal:
            problems.append(refusal.problem)
            continue
        for record in given:
            problem = _objection(found, name, record)
            if problem is None:
                records.append(_registered(found, record))
            else:
                problems.append(problem)
    return LoadedPlugin(records=tuple(records), problems=tuple(problems))


def _hook_callers(found: FoundPlugin) -> list[tuple[str, Callable[[], list[Any]]]]:
    module = _import(found)
    manager = PluginManager(hookspecs.PROJECT)  # one for each plugin: a refused one leaves nothing half registered
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=found.name)
    except PluginValidationError as error:
        first = str(error).strip().splitlines()
        text = f"a hook must take no arguments and be declared as in carelabel.plugin.hookspecs, got {' '.join(first)}"
        raise _RefusedError(_problem(found, "invalid-hook", text)) from error
    callers: list[tuple[str, Callable[[], list[Any]]]] = [
        (caller.name, caller) for caller in manager.get_hookcallers(module) or ()
    ]
    if not callers:
        text = "at least one hook must be marked with @hookimpl, got none"
        raise _RefusedError(_problem(found, "no-hooks", text))
    return sorted(callers, key=lambda item: item[0])


def _import(found: FoundPlugin) -> object:
    try:
        with redirect_stdout(sys.stderr):  # stdout belongs to the answer of the command
            return _load(found.value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in one plugin must not end the program either
        text = f"{found.value} must import, got {_one_line(error)}"
        raise _RefusedError(_problem(found, "import-failed", text)) from error


def _load(value: str) -> object:
    module, _, attributes = value.partition("[")[0].partition(":")  # in brackets there may be extras
    found: object = importlib.import_module(module.strip())
    for attribute in filter(None, attributes.strip().split(".")):
        found = getattr(found, attribute)
    return found


def _call(found: FoundPlugin, name: str, caller: Callable[[], list[Any]]) -> list[Any]:
    if name not in HOOKS:
        import difflib  # noqa: PLC0415 - only a misspelt hook needs it

        nearest = difflib.get_close_matches(name, HOOKS, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else "it may be written for a newer carelabel"
        raise _RefusedError(_problem(found, "unknown-hook", f"there is no hook {name}", hint))
    try:
        with redirect_stdout(sys.stderr):
            return [record for batch in caller() for record in batch]
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # as in _import
        text = f"{name} must return a list of records, got {_one_line(error)}"
        raise _RefusedError(_problem(found, "hook-failed", text)) from error


def _objection(found: FoundPlugin, hook: str, record: object) -> Problem | None:
    """Why a record cannot be taken, or None."""
    wanted = HOOKS[hook]
    if not isinstance(record, wanted):
        return _problem(found, "invalid-record", f"{hook} must give {wanted.__name__} records, got {_shown(record)}")
    if not isinstance(record.api, int) or record.api > API_VERSION:
        text = f"{record.name}: api must be at most {API_VERSION}, got {record.api!r}"
        return _problem(found, "too-new", text, "upgrade carelabel, or install an older version of the plugin")
    for field in ("tasks", "frameworks", "families", "runs_on", "needs"):
        words = getattr(record, field)
        if not all(isinstance(word, str) for word in words):
            return _problem(found, "invalid-record", f"{record.name}: {field} must hold words, got {words!r}")
    if not isinstance(record.requires, tuple):
        text = f"{record.name}: requires must be a tuple of PEP 508 requirements, got {record.requires!r}"
        return _problem(found, "invalid-record", text)
    return None


def _registered(found: FoundPlugin, record: Record) -> Registered:
    return Registered(
        id=f"{found.name}.{record.name}",
        record=record,
        distribution=found.distribution,
        version=found.version,
        builtin=found.builtin,
    )


def _problem(found: FoundPlugin, code: str, text: str, hint: str = "") -> Problem:
    way_out = f"install {found.distribution} again" if found.builtin else f"mend or remove {found.distribution}"
    switch_off = f"{way_out}, or switch it off: --no-plugins {found.name}"
    return Problem(source=found.title, code=code, text=text, hint=hint or switch_off)


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _shown(record: object) -> str:
    return f"{type(record).__name__} {getattr(record, 'name', record)!r}"
