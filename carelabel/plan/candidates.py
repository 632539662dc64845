"""The candidate tree: converters are edges between formats, so it is planned before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from carelabel.plan.records import ORIGINAL, REFERENCE, PlannedCandidate, Skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from carelabel.plugin.records import Backend, Converter
    from carelabel.suite import Caps

RANK: Final = MappingProxyType({"search": 0, "prune": 0, "format": 1, "quantise": 2})
"""A path holds at most one conversion of each rank, in this order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """A converter that may be used, with its parameters."""

    id: str
    record: Converter
    parameters: Mapping[str, Any]


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
    """Grow the tree breadth first, so that a cap leaves out the longest paths."""
    grown, level = [root], [root]
    homeless: dict[str, Skip] = {}
    for _ in range(caps.depth):
        children = []
        for parent in level:
            for edge in _fitting(parent, edges):
                if not loaders.by_format(edge.record.target):
                    homeless[edge.id] = _homeless(edge)
                    continue
                children.append(_child(parent, edge, loaders))
        grown.extend(children)
        level = children
    kept, cut = grown[: caps.candidates], grown[caps.candidates :]
    reference = _reference(root, edges, loaders)
    return Tree(candidates=(*kept, *reference), skipped=(*homeless.values(), *_cut(cut, caps)))


def _reference(root: PlannedCandidate, edges: Sequence[Edge], loaders: Loaders) -> list[PlannedCandidate]:
    """The yardstick of the ratings: the first one that is offered and can run here."""
    offers = [edge for edge in edges if edge.record.conversion == REFERENCE and loaders.by_format(edge.record.target)]
    return [replace(_child(root, offers[0], loaders), id=REFERENCE)] if offers else []


def _fitting(parent: PlannedCandidate, edges: Sequence[Edge]) -> Iterator[Edge]:
    reached = max((RANK[kind] for kind in parent.kinds), default=-1)
    for edge in edges:
        if edge.record.conversion == REFERENCE:
            continue
        if parent.format in edge.record.source and RANK[edge.record.conversion] > reached:
            yield edge


def _child(parent: PlannedCandidate, edge: Edge, loaders: Loaders) -> PlannedCandidate:
    record = edge.record
    by_platform = loaders.by_format(record.target)
    backend = next(iter(by_platform.values()))
    slug = record.slug
    return PlannedCandidate(
        id=slug if parent.id == ORIGINAL else f"{parent.id}+{slug}",
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
    return Skip(what=f"*{edge.record.slug}", code="no-backend", text=text)


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
