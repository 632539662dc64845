"""Which candidates are built and which of them are measured."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carelabel.errors import UsageError
from carelabel.plan.candidates import Edge, Loaders, Tree, entries_of, grow, with_ancestors
from carelabel.plan.given import Given, rejected
from carelabel.plan.match import Rejected
from carelabel.plan.platforms import backends_by_platform
from carelabel.plan.records import EXPORT, PlannedCandidate, Skip
from carelabel.plan.selection import refuse_unknown
from carelabel.plan.suite import Caps, matches
from carelabel.plugin.records import ORIGINAL

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDE = Caps(candidates=1000, depth=3)
"""Where a glob of --only or --skip is looked for before it is called unknown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidates:
    """Candidates to build (parents first), those of them to measure, and what is left out."""

    built: tuple[PlannedCandidate, ...]
    measured: tuple[PlannedCandidate, ...]
    skipped: tuple[Skip, ...]


def choose_candidates(given: Given) -> Candidates:
    """Grow the tree and take from it what is wanted.

    Raises:
        UsageError: If a glob finds nothing, or the original is skipped.
    """
    tree, skips = _tree(given)
    choice, ids = given.choice, [item.id for item in tree.candidates]
    if any(glob == ORIGINAL for glob in choice.skip):
        msg = "the original must be measured, got --skip original"
        raise UsageError(msg, "parity and ratios refer to it")
    limited = choice.limits(ids)
    chosen = {ORIGINAL} | {identifier for identifier in ids if _wanted(identifier, tree, given, limited=limited)}
    built = with_ancestors(chosen, tree.candidates)
    asked_away = tuple(
        Skip(what=f"{identifier}/*/*", code="not-asked", text="--only or --skip leaves it out")
        for identifier in ids
        if identifier not in chosen
    )
    measured = tuple(item for item in built if item.id in chosen)
    return Candidates(built=built, measured=measured, skipped=(*skips, *tree.skipped, *asked_away))


def _tree(given: Given) -> tuple[Tree, list[Skip]]:
    loaders = _loaders(given)
    root = _root(given, loaders)
    edges, skips = _edges(given, wide=False)
    tree = grow(root, edges, loaders, given.suite.caps)
    unknown = given.choice.unknown([*given.known_ids, *(item.id for item in tree.candidates)])
    if not unknown:
        return tree, skips
    wide_edges, wide_skips = _edges(given, wide=True)
    wide = grow(root, wide_edges, loaders, _WIDE)
    refuse_unknown(given.choice, [*given.known_ids, *(item.id for item in wide.candidates)])
    asked_for = any(glob in given.choice.only for glob in unknown)  # a --skip takes nothing in
    return (wide, wide_skips) if asked_for else (tree, skips)


def _wanted(identifier: str, tree: Tree, given: Given, *, limited: bool) -> bool:
    """A candidate goes when one that it is built from is skipped."""
    path = [item.id for item in with_ancestors({identifier}, tree.candidates) if item.id != ORIGINAL]
    if any(matches(step, given.choice.skip) for step in path):
        return False
    return given.choice.wants(identifier, limited=limited)


def _loaders(given: Given) -> Loaders:
    usable = {
        identifier: record
        for identifier, record in given.registry.backends().items()
        if not isinstance(given.match(record, framework=record.framework), Rejected)
    }
    platforms = given.platforms
    return Loaders(
        by_format=lambda file_format: backends_by_platform(usable.items(), file_format, platforms), backends=usable
    )


def _root(given: Given, loaders: Loaders) -> PlannedCandidate:
    subject = given.subject
    by_platform = loaders.by_format(subject.model.format)
    return PlannedCandidate(
        id=ORIGINAL,
        parent=None,
        converter=None,
        entry="",
        backend=subject.backend,
        backend_entry=given.registry.backends()[subject.backend].entry,
        framework=subject.model.framework,
        format=subject.model.format,
        backends=by_platform,
        backend_entries=entries_of(by_platform, loaders),
    )


def _edges(given: Given, *, wide: bool) -> tuple[Sequence[Edge], list[Skip]]:
    edges, skips = [], []
    converters = given.registry.converters()
    limited = given.choice.limits(converters)
    slugs = Counter(record.slug for record in converters.values())
    for identifier, record in converters.items():
        if record.conversion == EXPORT:
            continue  # for other places: nothing that a run could measure
        # Each framework has its own converter to onnx, and one of them may be in the plan.
        what = f"*{record.slug}" if slugs[record.slug] == 1 else f"*{record.slug} ({identifier})"
        by_default = wide or given.suite.converters.takes(identifier, record)
        verdict = given.match(record)
        if not given.choice.wants(identifier, limited=limited, by_default=by_default):
            skips.append(given.not_taken(what, identifier, limited=limited))
        elif isinstance(verdict, Rejected):
            skips.append(rejected(what, verdict))
        else:
            builtin = given.registry.get(identifier).builtin
            parameters = given.parameters(identifier, record)
            edges.append(Edge(id=identifier, what=what, record=record, parameters=parameters, builtin=builtin))
    return edges, skips
