"""The pipeline on one page: each step takes the previous step's result.

Read this first. Every other package in `carelabel` does one of these steps or is used by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carelabel.base.home import find_home, replace_file
from carelabel.base.host import probe_host
from carelabel.errors import InterruptedRunError, UsageError
from carelabel.execute.local import finish_run, run_plan
from carelabel.execute.progress import Silence
from carelabel.inspection.inspect import inspect_submission
from carelabel.label.assemble import assemble
from carelabel.label.packing import written
from carelabel.label.requirements import refuse_unplanned
from carelabel.label.scale import load_scale
from carelabel.model.metadata import read_submission
from carelabel.model.trust import is_trusted
from carelabel.plan.build import build_plan
from carelabel.plan.suite import load_suite
from carelabel.plugin.discovery import discover
from carelabel.process.time_accounting import Account
from carelabel.store.choice import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carelabel.base.host import Host
    from carelabel.execute.progress import Progress
    from carelabel.label.requirements import Requirement
    from carelabel.label.schema import Label
    from carelabel.model.facts import Subject
    from carelabel.options import RunOptions
    from carelabel.plan import Plan
    from carelabel.plugin.registry import Registry


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A plan and what it was made from."""

    registry: Registry
    subject: Subject
    host: Host
    plan: Plan


def plan(options: RunOptions, *, progress: Progress | None = None, account: Account | None = None) -> Planned:
    """From a model file and its metadata to the plan.

    Raises:
        CareLabelError: For everything a user can have done wrong; see `carelabel.errors`.
    """
    news = progress or Silence()
    news.phase("reading and inspecting")
    home = find_home()
    submission = read_submission(options.model, options.meta)
    registry = discover(disabled=options.disabled, strict=options.strict_plugins)
    suite = load_suite(options.suite)
    host = probe_host()
    subject = inspect_submission(
        submission,
        registry,
        host,
        home=home.root,
        account=account or Account(),
        trust_pickle=options.trust_pickle,
        is_trusted=lambda sha256: is_trusted(sha256, home),
    )
    return Planned(
        registry=registry, subject=subject, host=host, plan=build_plan(registry, subject, host, suite, options)
    )


def run(options: RunOptions, *, progress: Progress | None = None, requirements: Sequence[Requirement] = ()) -> Label:
    """From a model file and its metadata to the label.

    Args:
        requirements: Bounds that will be held against the label: nothing is measured when the plan has no such figures.

    Raises:
        CareLabelError: For everything a user can have done wrong; see `carelabel.errors`.
        InterruptedRunError: On ctrl-C, once there is something to go on with.
    """
    news, account = progress or Silence(), Account()
    scale = load_scale(options.rating)
    planned = plan(options, progress=news, account=account)
    refuse_unplanned(planned.plan, requirements)
    home = find_home()
    store = open_store(lambda: [planned.registry.get(identifier) for identifier in planned.registry.stores()], home)
    try:
        outcomes = run_plan(
            planned.plan, planned.subject, home=home.root, progress=news, account=account, resume=options.resume
        )
    except KeyboardInterrupt as error:
        msg = "the run was interrupted; what was measured so far is kept"
        raise InterruptedRunError(msg, "the same command with --resume goes on") from error
    label = assemble(planned.registry, planned.subject, planned.host, planned.plan, outcomes, options, scale)
    kept = Path(outcomes.folder) / "label.json"
    replace_file(kept, label_bytes(label))
    try:
        store.put(label.to_dict())
    except UsageError as error:
        hint = f"the label is kept in {kept}; once that is mended, the same command with --resume stores it"
        raise UsageError(error.message, hint) from error
    finish_run(planned.plan, outcomes)
    return label


def label_bytes(label: Label) -> bytes:
    """A label as it is written to a file."""
    return written(label.to_dict())
