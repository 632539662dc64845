"""Every word of a suite must mean something: ids, globs, parameters and parity limits are held before anything runs.

A suite is written for many machines and installations. What belongs to a plugin that is not loaded, or is a platform
that this machine has not, is a skip and no error.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from carelabel.errors import UsageError
from carelabel.measure.limits import ParityLimits
from carelabel.plan.records import Skip
from carelabel.plan.selection import nearest
from carelabel.plan.suite import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from carelabel.plan.given import Given

_CARDS: Final = 64
"""Numbers of accelerators that a suite may name, there or not."""
_MISSPELT: Final = 0.85
"""Likeness from which on a word is another's misspelling, rather than the id of a plugin that is not loaded."""


def hold_suite(given: Given, skipped_platforms: Sequence[str]) -> tuple[Skip, ...]:
    """Hold a suite's words; what it names and this installation or machine has not is skipped.

    Args:
        skipped_platforms: What the skips of platforms are about already.

    Raises:
        UsageError: If a word means nothing, with the nearest that does.
    """
    suite, registry = given.suite, given.registry
    ParityLimits.of(suite.parity)
    tests = [*registry.tests(), *registry.metrics()]
    converters = list(registry.converters())
    absent = [
        *_absent(given, "tests.include", suite.tests.include, tests),
        *_absent(given, "tests.exclude", suite.tests.exclude, tests),
        *_absent(given, "converters.include", suite.converters.include, converters),
        *_absent(given, "converters.exclude", suite.converters.exclude, converters),
        *_absent(given, "parameters", suite.parameters, [*tests, *converters]),
    ]
    for identifier in (*suite.parameters, *(item.test for item in given.options.settings)):
        if identifier in registry.records:
            given.parameters(identifier, registry.get(identifier).record)
    return (*dict.fromkeys(absent), *_platforms(given, skipped_platforms))


def _absent(given: Given, where: str, globs: Iterable[str], known: Sequence[str]) -> Iterator[Skip]:
    for glob in globs:
        if any(matches(identifier, (glob,)) for identifier in known):
            continue
        plugin = glob.partition(".")[0]
        misspelt = difflib.get_close_matches(glob, known, n=1, cutoff=_MISSPELT)
        if misspelt or "." not in glob or not _is_absent(given, plugin):
            msg = f"suite {given.suite.name}: {where} must name what is installed, got {glob!r}"
            raise UsageError(msg, nearest(glob, sorted(known)))
        text = f"suite {given.suite.name} names it, but the plugin {plugin} is not loaded"
        yield Skip(what=glob, code="no-plugin", text=text)


def _is_absent(given: Given, plugin: str) -> bool:
    if any(sign in plugin for sign in "*?["):
        return False
    return plugin not in {info.name for info in given.registry.plugins if info.status == "loaded"}


def _platforms(given: Given, skipped: Sequence[str]) -> Iterator[Skip]:
    here = [item.id for item in given.everywhere]
    slugs = [record.slug for record in given.registry.platforms().values()]
    cards = [f"cuda:{number}" for number in range(_CARDS)]
    for glob in given.suite.platforms:
        if any(matches(identifier, (glob,)) for identifier in here):
            continue
        elsewhere = [name for name in ("cpu-all", *slugs, *cards) if matches(name, (glob,))]
        if not elsewhere:
            msg = f"suite {given.suite.name}: platforms must name a platform, got {glob!r}"
            raise UsageError(msg, nearest(glob, [*here, *slugs, "cpu-all", "cuda:0"]))
        if not any(f"*/{name}/*" in skipped for name in elsewhere):
            yield Skip(what=f"*/{glob}/*", code="hardware", text="this machine has no such platform")
