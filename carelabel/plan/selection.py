"""What the user's --only, --skip and --set and the suite choose, and that every word of theirs means something."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carelabel.errors import UsageError
from carelabel.plan.suite import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carelabel.options import Setting
    from carelabel.plugin.records import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The globs of one command line.

    Ids are of several sorts (tests with metrics, converters, candidates, platforms). A glob of --only limits
    the sorts in which it finds something and leaves the others alone.
    """

    only: tuple[str, ...]
    skip: tuple[str, ...]

    def limits(self, ids: Iterable[str]) -> bool:
        """Whether --only says anything about ids of this sort."""
        return any(matches(identifier, self.only) for identifier in ids)

    def wants(self, identifier: str, *, limited: bool, by_default: bool = True) -> bool:
        """Whether one id is wanted; `by_default` is the suite's word, which --only overrides."""
        if matches(identifier, self.skip):
            return False
        return matches(identifier, self.only) if limited else by_default

    def unknown(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Globs that find nothing among all ids."""
        everything = tuple(ids)
        globs = self.only + self.skip
        return tuple(glob for glob in globs if not any(matches(item, (glob,)) for item in everything))


def refuse_unknown(choice: Choice, ids: Iterable[str]) -> None:
    """Hold that every glob finds something.

    Raises:
        UsageError: With the nearest id.
    """
    known = sorted(set(ids))
    for glob in choice.unknown(known):
        option = "--only" if glob in choice.only else "--skip"
        msg = f"{option} must name a test, metric, converter, candidate or platform of this plan, got {glob!r}"
        raise UsageError(msg, nearest(glob, known))


def resolve_parameters(
    identifier: str, record: Record, suite: Mapping[str, Any], settings: Iterable[Setting]
) -> Mapping[str, Any]:
    """Defaults, then the suite's values, then --set, each checked against what the record declares.

    Raises:
        UsageError: If there is no such parameter or its value is out of bounds.
    """
    declared = {parameter.name: parameter for parameter in record.parameters}
    wanted = {**suite, **{item.parameter: item.value for item in settings if item.test == identifier}}
    values = {name: parameter.default for name, parameter in declared.items()}
    for name, value in wanted.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            msg = f"{identifier} has the parameters {known}, got {name!r}"
            raise UsageError(msg, nearest(name, list(declared)))
        try:
            values[name] = declared[name].check(value)
        except ValueError as error:
            msg = f"{identifier}: {error}"
            raise UsageError(msg) from error
    return values


def refuse_unknown_settings(settings: Iterable[Setting], ids: Iterable[str]) -> None:
    """Hold that every --set names a test, metric or converter that is installed.

    Raises:
        UsageError: With the nearest id.
    """
    known = sorted(set(ids))
    for item in settings:
        if item.test not in known:
            msg = f"--set must name an installed test, metric or converter, got {item.test!r}"
            raise UsageError(msg, nearest(item.test, known))


def nearest(word: str, known: list[str]) -> str:
    """A hint: the word that was probably meant."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else "carelabel plan --explain lists the ids"
