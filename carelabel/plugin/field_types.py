"""Whether the fields of a record hold what they are declared to hold.

Dataclasses do not look, and a list where a tuple belongs breaks far away from the plugin that gave it.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal

from carelabel.errors import Reason
from carelabel.plugin.parameter import Parameter
from carelabel.plugin.records import Quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def misfits(record: object, kind: type) -> Iterator[str]:
    """What must hold of the fields of a record and does not, one line each.

    Args:
        record: An instance of `kind`; fields that a subclass of it adds are its own business.
    """
    for name, hint, default, fits in _fields(kind):
        value = getattr(record, name)
        if value is default:
            continue
        if not fits(value):
            yield f"{name} must be {_words(hint)}, got {value!r:.200}"
        elif isinstance(value, tuple):
            inner = [(item, part) for item in value for part in (Parameter, Quantity) if isinstance(item, part)]
            yield from (f"{text} (in {name})" for item, part in inner for text in misfits(item, part))


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, Any, Any, Callable[[object], bool]], ...]:  # noqa: ANN401 - a dataclass
    """Name, declared type, default and check of every field. Kept: a command reads a hundred records of nine kinds."""
    declared = typing.get_type_hints(kind, localns={"Reason": Reason})  # which records.py imports for its readers only
    return tuple(
        (field.name, declared[field.name], field.default, _check(declared[field.name]))
        for field in dataclasses.fields(kind)
    )


@functools.cache
def _check(hint: Any) -> Callable[[object], bool]:  # noqa: ANN401, PLR0911 - a type expression, one return a kind of it
    """A function that tells whether a value is of a type; made once for each type expression."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return lambda _: True
    if origin is Literal:
        words = {(type(arg), arg) for arg in args}
        return lambda value: isinstance(value, Hashable) and (type(value), value) in words
    if origin in {types.UnionType, typing.Union}:
        checks = [_check(arg) for arg in args]
        return lambda value: any(check(value) for check in checks)
    if origin is frozenset:
        inner = _check(args[0])
        return lambda value: isinstance(value, frozenset) and all(map(inner, value))
    if origin is tuple:
        return _check_tuple(args)
    if hint in {int, float}:
        wanted = int if hint is int else (int, float)
        return lambda value: isinstance(value, wanted) and not isinstance(value, bool)
    return lambda value: isinstance(value, hint)


def _check_tuple(args: tuple[Any, ...]) -> Callable[[object], bool]:
    if args[-1] is ...:
        inner = _check(args[0])
        return lambda value: isinstance(value, tuple) and all(map(inner, value))
    checks = [_check(arg) for arg in args]
    return lambda value: (
        isinstance(value, tuple)
        and len(value) == len(checks)
        and all(check(item) for check, item in zip(checks, value, strict=True))
    )


def _words(hint: Any) -> str:  # noqa: ANN401 - a type expression
    """A type as its author wrote it, without the names of modules."""
    if typing.get_origin(hint) is Literal:
        return "one of " + ", ".join(map(repr, typing.get_args(hint)))
    if typing.get_origin(hint) is None:
        return "None" if hint is type(None) else str(getattr(hint, "__name__", hint))
    text = str(hint)
    for arg in typing.get_args(hint):
        if dataclasses.is_dataclass(arg):
            text = text.replace(f"{arg.__module__}.", "")
    return text
