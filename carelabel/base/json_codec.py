"""Records to JSON values and back: the one place that knows how NaN, paths, sets and nested records travel."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from pathlib import Path
from typing import Any, Final, TypeVar

T = TypeVar("T")

_WORDS: Final = types.MappingProxyType({"nan": math.nan, "inf": math.inf, "-inf": -math.inf})


def to_json(value: Any) -> Any:  # noqa: ANN401, PLR0911 - any JSON value, one return a kind of it
    """Turn records, paths, sets and numbers into JSON values; NaN and infinity become strings.

    Raises:
        TypeError: If there is something else in it.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_json(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else ("nan" if math.isnan(value) else "inf" if value > 0 else "-inf")
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(to_json(item) for item in value)
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return to_json(value.item())  # a numpy scalar, without importing numpy here
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)


def encodable(text: str) -> str:
    """A text that can be written: file names and errors may hold halves of characters, which are escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def encodable_document(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value whose texts and keys can be written."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        return {encodable(name): encodable_document(item) for name, item in value.items()}
    return [encodable_document(item) for item in value] if isinstance(value, list | tuple) else value


def number(value: Any) -> float:  # noqa: ANN401 - a JSON value
    """A float from its JSON form.

    Raises:
        ValueError: If it is a whole number that is larger than any float.
    """
    try:
        return _WORDS[value] if isinstance(value, str) else float(value)
    except OverflowError as error:
        msg = f"a number must be one that a float can hold, got a whole number of {value.bit_length()} bits"
        raise ValueError(msg) from error


def from_json(cls: type[T], value: Any) -> T:  # noqa: ANN401 - a JSON value
    """Build a record from its JSON form; fields that the record does not know are ignored.

    Raises:
        TypeError: If a field without a default is missing.
    """
    return typing.cast("T", _revive(cls, value))


def _revive(kind: Any, value: Any) -> Any:  # noqa: ANN401, PLR0911 - one return a kind of type
    if value is None:
        return None
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        known = {item.name for item in dataclasses.fields(kind)}
        return kind(**{name: _revive(hints[name], item) for name, item in value.items() if name in known})
    if origin in {types.UnionType, typing.Union}:
        inner = [arg for arg in args if arg is not type(None)]
        return _revive(inner[0], value) if len(inner) == 1 else value
    if origin is tuple:
        return tuple(_revive(args[0] if args[-1] is ... else arg, item) for arg, item in _pairs(args, value))
    if origin is frozenset:
        return frozenset(_revive(args[0], item) for item in value)
    if kind is Path:
        return Path(value)
    if kind is bytes:
        return bytes.fromhex(value)
    if kind is float:
        return number(value)
    return value


def _pairs(args: tuple[Any, ...], value: list[Any]) -> list[tuple[Any, Any]]:
    return [(args[0], item) for item in value] if args[-1] is ... else list(zip(args, value, strict=True))
