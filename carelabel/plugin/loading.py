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
    from collections.abc import Callable, Iterator, Mapping

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


NOT_WIRED: Final[tuple[type[Record], ...]] = (Sink, Executor)
"""Kinds that are declared for later: nothing calls them yet, and a plugin that brings one is told so."""


_LONGEST: Final = 600
"""Characters of an error in a problem."""


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
    """Import a plugin and take its records; what is wrong with it becomes problems.

    Raises:
        InterruptedImportError: If the user interrupts the import of somebody else's plugin.
    """
    if found.builtin:
        return _taken_from(found)
    from carelabel.plugin import guard  # noqa: PLC0415 - only plugins of others need it

    note = guard.left_note(found.title)
    if note is not None:
        text = f"{found.value} took the program down the last two times it was imported, so it is left out"
        hint = f"mend or remove {found.distribution}; it is imported again once {note} is removed"
        return LoadedPlugin(problems=(_problem(found, "took-program-down", text, hint),))
    try:
        with guard.noted(found.title), guard.interruptible(found.title, found.name):
            return _taken_from(found)
    except guard.SelfInterruptError:
        text = f"{found.value} must import, got KeyboardInterrupt, which only the user may cause"
        return LoadedPlugin(problems=(_problem(found, "import-failed", text),))


def _taken_from(found: FoundPlugin) -> LoadedPlugin:
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
    if isinstance(record, NOT_WIRED):
        text = f"{record.name}: this version of carelabel calls no {wanted.kind}, so the record would never run"
        return _problem(found, "not-wired", text, "upgrade carelabel, or leave the record out")
    if found.builtin:  # a test holds their fields, and every command would pay for it
        return None
    from carelabel.plugin.field_types import misfits  # noqa: PLC0415 - as above

    texts = [*misfits(record, wanted)] or [*_fits_every_file(record)]
    return _problem(found, "invalid-record", f"{record.name}: {texts[0]}") if texts else None


def _fits_every_file(record: Record) -> Iterator[str]:
    if isinstance(record, Backend) and not all((*record.suffixes, *record.magic)):
        yield f"suffixes and magic must not be empty words, got {record.suffixes!r} and {record.magic!r}"


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
    from carelabel.base.json_codec import encodable  # noqa: PLC0415 - only what is wrong needs it

    text = " ".join(f"{type(error).__name__}: {error}".split())
    return encodable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def _shown(record: object) -> str:
    return f"{type(record).__name__} {getattr(record, 'name', record)!r}"
