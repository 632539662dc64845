"""The code behind a record: imported here, where a worker would import it."""

from __future__ import annotations

import importlib
import inspect
from importlib import metadata
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from carelabel.testing.result import CheckSkipped, must

if TYPE_CHECKING:
    from collections.abc import Callable

    from carelabel.plugin.records import Record


def require(record: Record) -> None:
    """Skip the check when a requirement of the record is not installed.

    Raises:
        CheckSkipped: With the requirement.
    """
    for text in record.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue  # another check is about that
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            found = None
        if found is None or not requirement.specifier.contains(found, prereleases=True):
            msg = f"requires {text}, found {found or 'nothing'}"
            raise CheckSkipped(msg)


def code_of(record: Record) -> Any:  # noqa: ANN401 - whatever the entry names
    """Import a record's entry.

    Raises:
        CheckFailedError: If the module has no such attribute.
    """
    module_name, _, attribute = record.entry.partition(":")
    value: Any = importlib.import_module(module_name)
    for part in attribute.split("."):
        must(hasattr(value, part), f"{module_name} has no {attribute!r}")
        value = getattr(value, part)
    return value


def accepts(function: Callable[..., Any], positional: int, keywords: tuple[str, ...], what: str) -> None:
    """Check that a function can be called in a certain way, without calling it.

    Raises:
        CheckFailedError: If it cannot.
    """
    signature = inspect.signature(function)
    try:
        signature.bind(*range(positional), **dict.fromkeys(keywords))
    except TypeError as error:
        shown = ", ".join((*(f"#{number + 1}" for number in range(positional)), *(f"{word}=" for word in keywords)))
        must(holds=False, found=f"{what} must take ({shown}), got {signature}: {error}")


def has_methods(thing: object, methods: tuple[str, ...], what: str) -> None:
    """Check that an object has methods.

    Raises:
        CheckFailedError: If one is missing.
    """
    missing = [name for name in methods if not callable(getattr(thing, name, None))]
    must(not missing, f"{what} must have the methods {', '.join(methods)}; {', '.join(missing)} missing")
