"""Find the plugins of this environment and load them one at a time; a broken one costs only itself.

Entry points of the group ``carelabel`` are looked for once. A name in ``CARELABEL_DISABLE`` (comma-separated) or in
`disabled` is not imported at all. No order between plugins is promised: everything is sorted.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Final

from carelabel.errors import UsageError
from carelabel.plugin.entry_points import FoundPlugin, find_plugins
from carelabel.plugin.loading import LoadedPlugin, load_plugin
from carelabel.plugin.records import Problem
from carelabel.plugin.registry import PluginInfo, Registry
from carelabel.plugin.vocabulary import unknown_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from carelabel.plugin.records import Registered

DISABLE: Final = "CARELABEL_DISABLE"


def discover(
    *,
    disabled: Iterable[str] = frozenset(),
    strict: bool = False,
    path: Sequence[str] | None = None,
) -> Registry:
    """Load every plugin and take its records.

    Args:
        disabled: Names of entry points that are not imported.
        strict: Make the first problem an error.
        path: Folders that are searched for distributions, instead of ``sys.path``.

    Raises:
        UsageError: If `strict` and there is a problem.
    """
    off = {*disabled, *filter(None, (word.strip() for word in os.environ.get(DISABLE, "").split(",")))}
    plugins, problems = find_plugins(path)
    loaded = [(found, LoadedPlugin() if found.name in off else load_plugin(found)) for found in plugins]
    records, clashes = _settle(loaded)
    titles = {item.id: found.title for found, result in loaded for item in result.records}
    unknown = unknown_words(records, titles)
    problems += [problem for _, result in loaded for problem in result.problems]
    problems += [*clashes, *unknown, *_idle_switches(off, plugins)]
    if strict and problems:
        first = min(problems, key=_order)
        msg = f"{first.source}: {first.text}"
        raise UsageError(msg, first.hint)
    return Registry(
        records=records,
        problems=tuple(sorted(problems, key=_order)),
        plugins=_infos(plugins, off, records, problems),
    )


def _order(problem: Problem) -> tuple[str, str, str]:
    return problem.source, problem.code, problem.text


def _settle(
    loaded: Sequence[tuple[FoundPlugin, LoadedPlugin]],
) -> tuple[dict[str, Registered], list[Problem]]:
    """One record an id: a built-in stays, third parties that share an id are all dropped, loudly."""
    claims: dict[str, list[tuple[FoundPlugin, Registered]]] = {}
    for found, result in loaded:
        for item in result.records:
            claims.setdefault(item.id, []).append((found, item))
    records = {}
    problems = []
    for identifier, rivals in sorted(claims.items()):
        own = [item for _, item in rivals if item.builtin]
        if len(rivals) == 1 or len(own) == 1:
            records[identifier] = own[0] if own else rivals[0][1]
        if len(rivals) > 1:
            problems += _clash(identifier, rivals, kept=len(own) == 1)
    return records, problems


def _clash(identifier: str, rivals: list[tuple[FoundPlugin, Registered]], *, kept: bool) -> list[Problem]:
    who = ", ".join(sorted({found.title for found, _ in rivals}))
    fate = "the built-in one stays" if kept else "all of them are left out"
    text = f"an id must be given once, got {identifier} {len(rivals)} times, from {who}; {fate}"
    losers = {found.title: found for found, item in rivals if not (kept and item.builtin)}
    return [
        Problem(source=title, code="clash", text=text, hint=f"remove or rename one, or --no-plugins {found.name}")
        for title, found in sorted(losers.items())
    ]


def _idle_switches(off: Iterable[str], plugins: Sequence[FoundPlugin]) -> Iterator[Problem]:
    """A name that switches nothing off is a spelling mistake worth telling."""
    names = sorted({found.name for found in plugins})
    for name in sorted(set(off) - set(names)):
        text = f"a plugin to switch off must be one of {', '.join(names) or 'none'}, got {name!r}"
        yield Problem(source=name, code="unknown-plugin", text=text, hint="carelabel plugins list shows them")


def _infos(
    plugins: Sequence[FoundPlugin],
    off: set[str],
    records: dict[str, Registered],
    problems: Sequence[Problem],
) -> tuple[PluginInfo, ...]:
    counts = Counter((item.id.rpartition(".")[0], item.distribution) for item in records.values())
    infos = []
    for found in plugins:
        count = counts[found.name, found.distribution]
        texts = [problem.text for problem in problems if problem.source == found.title]
        infos.append(
            PluginInfo(
                name=found.name,
                module=found.value,
                distribution=found.distribution,
                version=found.version,
                source=found.source,
                builtin=found.builtin,
                status="disabled" if found.name in off else "failed" if texts and not count else "loaded",
                records=count,
                problem="; ".join(texts),
            ),
        )
    return tuple(infos)
