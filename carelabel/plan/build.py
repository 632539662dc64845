"""Registry, subject, host and suite in; a plan out. Pure: nothing is read, run or imported."""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from carelabel import __version__
from carelabel.errors import UsageError
from carelabel.plan.cells import Grid, cells_of
from carelabel.plan.chosen import choose_candidates
from carelabel.plan.given import Given
from carelabel.plan.match import Rejected
from carelabel.plan.platforms import platforms_of
from carelabel.plan.records import Plan
from carelabel.plan.selection import Choice, refuse_unknown_settings
from carelabel.plan.suite_patterns import hold_suite
from carelabel.plan.tests import choose_tests, with_budget
from carelabel.plugin.needs import provider
from carelabel.plugin.records import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from carelabel.base.host import Host
    from carelabel.model.facts import Subject
    from carelabel.options import RunOptions
    from carelabel.plan.records import PlannedCandidate
    from carelabel.plan.suite import Suite
    from carelabel.plugin.records import Record
    from carelabel.plugin.registry import Registry


def build_plan(registry: Registry, subject: Subject, host: Host, suite: Suite, options: RunOptions) -> Plan:
    """Plan a run.

    Raises:
        UsageError: If --only, --skip, --set or the suite name something that is not there, or nothing is left to do.
    """
    refuse_unknown_settings(options.settings, [*registry.tests(), *registry.metrics(), *registry.converters()])
    everywhere, platform_skips = platforms_of(host, registry)
    given = Given(
        registry=registry,
        subject=subject,
        host=host,
        suite=suite,
        options=options,
        choice=Choice(only=options.only, skip=options.skip),
        everywhere=everywhere,
    )
    suite_skips = hold_suite(given, [skip.what for skip in platform_skips])
    candidates = choose_candidates(given)
    chosen = choose_tests(given)
    grid = Grid(
        subject=subject,
        host=host,
        candidates=candidates.measured,
        platforms=given.platforms,
        tests=chosen.tests,
        records=chosen.records,
    )
    cells, cell_skips = cells_of(grid)
    if not cells:
        msg = "at least one test must apply, got none"
        raise UsageError(msg, "carelabel plan --explain says why each was left out")
    timed = {cell.candidate for cell in cells}
    built = tuple(
        replace(item, versions=_versions_behind(registry, host, candidates.built, item))
        for item in candidates.built
        if item.id != REFERENCE or item.id in timed
    )
    parts = [name for item in built for name in (item.backend, item.converter) if name]
    used = [*chosen.records.values(), *(registry.get(name).record for name in parts)]
    return Plan(
        inputs=_inputs(subject),
        host=_host(host),
        versions=_versions(registry, host, used),
        suite=suite.name,
        task=subject.task,
        seed=options.seed,
        resamples=suite.resamples,
        budget_s=options.budget_s,
        candidates=built,
        platforms=given.platforms,
        tests=with_budget(chosen.tests, cells, suite.paired_s, options.budget_s),
        cells=cells,
        skipped=(
            *platform_skips,
            *suite_skips,
            *given.unwanted_platforms,
            *candidates.skipped,
            *chosen.skipped,
            *cell_skips,
        ),
        meters=_meters(given),
        parity=dict(suite.parity),
        processes=suite.processes,
        load_s=suite.timeouts.load,
        predict_s=suite.timeouts.predict,
    )


def _meters(given: Given) -> tuple[Mapping[str, str], ...]:
    """Every meter that is for this task; whether it has a counter here is for its own probe to say."""
    return tuple(
        {"id": identifier, "entry": record.entry, "grade": record.grade, "domain": record.domain}
        for identifier, record in given.registry.meters().items()
        if not isinstance(given.match(record), Rejected)
    )


def _inputs(subject: Subject) -> Mapping[str, str]:
    submission = subject.submission
    found = {"model": submission.sha256, "metadata": submission.metadata_sha256, "test": submission.test.sha256}
    return {**found, "train": submission.train.sha256} if submission.train else found


def _host(host: Host) -> Mapping[str, Any]:
    return {
        "system": host.system,
        "platform": host.platform,
        "processor": host.processor,
        "processors": list(host.processors),
        "tags": sorted(host.tags),
        "gpus": list(host.gpus),
    }


def _versions(registry: Registry, host: Host, used: Iterable[Record]) -> Mapping[str, str]:
    """Versions of Python, of the plugins, and of every distribution that a used record requires."""
    found = {"python": platform.python_version()}
    found |= {plugin.distribution: plugin.version for plugin in registry.plugins if plugin.distribution}
    return _with_required(found, host, used)


def _versions_behind(
    registry: Registry, host: Host, candidates: Sequence[PlannedCandidate], candidate: PlannedCandidate
) -> Mapping[str, str]:
    """Versions that a conversion depends on: of the converter, and of the backends of what it reads and writes."""
    parent = next((item for item in candidates if item.id == candidate.parent), candidate)
    names = [name for name in (candidate.converter, candidate.backend, parent.backend) if name]
    parts = [registry.get(name) for name in names]
    found = {"python": platform.python_version(), "carelabel": __version__}
    found |= {part.distribution: part.version for part in parts if part.distribution}
    return _with_required(found, host, [part.record for part in parts])


def _with_required(found: dict[str, str], host: Host, used: Iterable[Record]) -> Mapping[str, str]:
    for text in (text for record in used for text in record.requires):
        try:
            name = provider(canonicalize_name(Requirement(text).name), host.packages)
        except InvalidRequirement:
            continue  # discovery has reported it as a problem, and matching has rejected the record
        if name in host.packages:
            found[name] = host.packages[name]
    return dict(sorted(found.items()))
