"""The candidate tree: converters are edges between formats, so it is planned before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from carelabel.plan.records import PlannedCandidate, Skip
from carelabel.plugin.records import ORIGINAL, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from carelabel.plan.suite import Caps
    from carelabel.plugin.records import Backend, Converter

RANK: Final = MappingProxyType({"search": 0, "prune": 0, "format": 1, "quantise": 2})
"""A path holds at most one conversion of each rank, in this order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """A converter that may be used, with its parameters; `what` is what a skip calls it."""

    id: str
    what: str
    record: Converter
    parameters: Mapping[str, Any]
    builtin: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaders:
    """Who loads a format.

    Attributes:
        by_format: Gives for a format platform id -> backend id.
        backends: Backend id to record.
    """

    by_format: Callable[[str], Mapping[str, str]]
    backends: Mapping[str, Backend]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """The candidates in order, parents first, and what was left out."""

    candidates: tuple[PlannedCandidate, ...]
    skipped: tuple[Skip, ...]


def grow(root: PlannedCandidate, edges: Sequence[Edge], loaders: Loaders, caps: Caps) -> Tree:
    """Grow the tree breadth first, so that a cap leaves out the longest paths; each edge that no form uses is told."""
    usable = [edge for edge in edges if loaders.by_format(edge.record.target)]
    grown, clashes = _grown(root, usable, loaders)
    within = [item for item in grown if len(item.kinds) <= caps.depth]
    offers = [edge for edge in usable if edge.record.conversion == REFERENCE]
    reference = [replace(_child(root, offers[0], loaders), id=REFERENCE)] if offers else []
    skipped = (
        *(_homeless(edge) for edge in edges if edge not in usable),
        *clashes.values(),
        *_unused(grown, [edge for edge in usable if edge.id not in clashes], offers[:1]),
        *_too_deep([item for item in grown if len(item.kinds) > caps.depth], usable, caps),
        *_cut(within[caps.candidates :], caps),
    )
    return Tree(candidates=(*within[: caps.candidates], *reference), skipped=skipped)


def _grown(
    root: PlannedCandidate, edges: Sequence[Edge], loaders: Loaders
) -> tuple[list[PlannedCandidate], dict[str, Skip]]:
    """All candidates, parents first, and edges whose id is another's. It ends: ranks rise along a path."""
    grown, level = [root], [root]
    clashes: dict[str, Skip] = {}
    while level:
        children = []
        for parent in level:
            fitting = list(_fitting(parent, edges))
            owners = _owners(fitting)
            for edge in fitting:
                owner = owners[edge.record.slug]
                if owner is edge:
                    children.append(_child(parent, edge, loaders))
                else:
                    clashes[edge.id] = _same_id(_child_id(parent, edge), edge, owner)
        grown.extend(children)
        level = children
    return grown, clashes


def _fitting(parent: PlannedCandidate, edges: Sequence[Edge]) -> Iterator[Edge]:
    reached = max((RANK[kind] for kind in parent.kinds), default=-1)
    for edge in edges:
        if edge.record.conversion == REFERENCE:
            continue
        if parent.format in edge.record.source and RANK[edge.record.conversion] > reached:
            yield edge


def _owners(edges: Sequence[Edge]) -> Mapping[str, Edge]:
    """Whose candidate a slug names where several converters of one parent have it: a built-in one's, or the first's."""
    owners: dict[str, Edge] = {}
    for edge in edges:
        owner = owners.setdefault(edge.record.slug, edge)
        if edge.builtin and not owner.builtin:
            owners[edge.record.slug] = edge
    return owners


def _child_id(parent: PlannedCandidate, edge: Edge) -> str:
    return edge.record.slug if parent.id == ORIGINAL else f"{parent.id}+{edge.record.slug}"


def _child(parent: PlannedCandidate, edge: Edge, loaders: Loaders) -> PlannedCandidate:
    record = edge.record
    by_platform = loaders.by_format(record.target)
    backend = next(iter(by_platform.values()))
    return PlannedCandidate(
        id=_child_id(parent, edge),
        parent=parent.id,
        converter=edge.id,
        entry=record.entry,
        backend=backend,
        backend_entry=loaders.backends[backend].entry,
        framework=loaders.backends[backend].framework,
        format=record.target,
        kinds=(*parent.kinds, record.conversion),
        parameters=edge.parameters,
        backends=by_platform,
        backend_entries=entries_of(by_platform, loaders),
        lossless=parent.lossless and record.lossless,
        tolerance=record.tolerance,
        timeout_s=record.timeout_s,
        memory_bytes=record.memory_bytes,
    )


def entries_of(by_platform: Mapping[str, str], loaders: Loaders) -> Mapping[str, str]:
    """Platform id to the entry of the backend that runs there."""
    return {platform: loaders.backends[backend].entry for platform, backend in by_platform.items()}


def _homeless(edge: Edge) -> Skip:
    text = f"no usable backend here loads the format {edge.record.target} that {edge.id} writes"
    return Skip(what=edge.what, code="no-backend", text=text)


def _unused(grown: Sequence[PlannedCandidate], edges: Sequence[Edge], reference: Sequence[Edge]) -> Iterator[Skip]:
    """Edges that apply and can be loaded, but start from nothing that there is."""
    used = {item.converter for item in grown} | {edge.id for edge in reference}
    there = {item.format for item in grown}
    for edge in edges:
        what, sources = edge.what, " or ".join(sorted(edge.record.source))
        if edge.id in used:
            continue
        if edge.record.conversion == REFERENCE:
            yield Skip(what=what, code="one-reference", text=f"figures are rated against {reference[0].id}")
        elif there & edge.record.source:
            text = f"what gives {sources} comes no earlier than its own place: one prune, one format, one quantise"
            yield Skip(what=what, code="path-order", text=text)
        else:
            yield Skip(what=what, code="no-source", text=f"no form of the model here is {sources}")


def _too_deep(deep: Sequence[PlannedCandidate], edges: Sequence[Edge], caps: Caps) -> Iterator[Skip]:
    """One skip for each converter that longer paths end with."""
    ends = {item.converter for item in deep}
    text = f"the suite takes paths of at most {caps.depth} conversion{'s' * (caps.depth != 1)}"
    for edge in edges:
        if edge.id in ends:
            what = "*+" * caps.depth + edge.what
            yield Skip(what=what, code="suite-cap", text=text, hint="--suite full, or --only CANDIDATE")


def _same_id(identifier: str, edge: Edge, owner: Edge) -> Skip:
    """Told under the converter's own id: the candidate of that name is in the plan."""
    text = f"a candidate's id must be its own, but {edge.id} and {owner.id} both make {identifier}; the latter stays"
    return Skip(what=edge.id, code="same-id", text=text, hint=f"--skip {owner.id} takes {edge.id} instead")


def _cut(cut: Sequence[PlannedCandidate], caps: Caps) -> Iterator[Skip]:
    if cut:
        names = ", ".join(item.id for item in cut[:8]) + (", ..." if len(cut) > 8 else "")  # noqa: PLR2004 - enough to see which
        text = f"the suite takes {caps.candidates} candidates at most; {len(cut)} more would apply: {names}"
        yield Skip(what="*+*", code="suite-cap", text=text, hint="--suite full, or --only CANDIDATE")


def with_ancestors(chosen: set[str], candidates: Sequence[PlannedCandidate]) -> tuple[PlannedCandidate, ...]:
    """The chosen candidates and all they are built from, in order."""
    parents = {item.id: item.parent for item in candidates}
    needed = {ORIGINAL}
    for identifier in chosen:
        step: str | None = identifier
        while step is not None:
            needed.add(step)
            step = parents[step]
    return tuple(item for item in candidates if item.id in needed)
