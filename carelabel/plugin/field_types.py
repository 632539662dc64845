"""Whether the fields of a record hold what they are declared to hold.

Dataclasses do not look, and a list where a tuple belongs breaks far away from the plugin that gave it.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from typing import TYPE_CHECKING, Any, Literal

from carelabel.errors import Reason
from carelabel.plugin.records import Parameter, Quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def misfits(record: object, kind: type) -> Iterator[str]:
    """What must hold of the fields of a record and does not, one line each.

    Args:
        record: An instance of `kind`; fields that a subclass of it adds are its own business.
    """
    for name, hint in _fields(kind).items():
        value = getattr(record, name)
        if not _fits(value, hint):
            yield f"{name} must be {_words(hint)}, got {value!r:.200}"
        elif isinstance(value, tuple):
            inner = [(item, part) for item in value for part in (Parameter, Quantity) if isinstance(item, part)]
            yield from (f"{text} (in {name})" for item, part in inner for text in misfits(item, part))


@functools.cache
def _fields(kind: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a dataclass, for which there is no type
    """Declared type of every field. Kept, because every command reads a hundred records of nine kinds."""
    declared = typing.get_type_hints(kind, localns={"Reason": Reason})  # which records.py imports for its readers only
    return {field.name: declared[field.name] for field in dataclasses.fields(kind)}


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401, PLR0911 - a type expression, one return a kind of it
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if origin is Literal:
        return any(type(value) is type(arg) and value == arg for arg in args)
    if origin in {types.UnionType, typing.Union}:
        return any(_fits(value, arg) for arg in args)
    if origin is frozenset:
        return isinstance(value, frozenset) and all(_fits(item, args[0]) for item in value)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        wanted = (args[0],) * len(value) if args[-1] is ... else args
        return len(value) == len(wanted) and all(map(_fits, value, wanted))
    if hint in {int, float}:
        return isinstance(value, int if hint is int else int | float) and not isinstance(value, bool)
    return isinstance(value, hint)


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
