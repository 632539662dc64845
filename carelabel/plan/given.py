"""What the steps of planning share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carelabel.errors import UsageError
from carelabel.plan.match import Accepted, Rejected, match
from carelabel.plan.records import PlannedPlatform, Skip
from carelabel.plan.selection import resolve_parameters
from carelabel.plan.suite import matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.base.host import Host
    from carelabel.model.facts import Subject
    from carelabel.options import RunOptions
    from carelabel.plan.selection import Choice
    from carelabel.plan.suite import Suite
    from carelabel.plugin.records import Record
    from carelabel.plugin.registry import Registry


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """The arguments of `build_plan` and what follows from them at once."""

    registry: Registry
    subject: Subject
    host: Host
    suite: Suite
    options: RunOptions
    choice: Choice
    everywhere: tuple[PlannedPlatform, ...]

    @property
    def platforms(self) -> tuple[PlannedPlatform, ...]:
        """The platforms that command line and suite leave.

        Raises:
            UsageError: If none is left.
        """
        chosen = tuple(item for item in self.everywhere if self._wants_platform(item.id))
        if not chosen:
            names = ", ".join(item.id for item in self.everywhere)
            msg = f"at least one platform of {names} must be left, got none"
            raise UsageError(msg, "check --only, --skip and the suite's platforms")
        return chosen

    @property
    def unwanted_platforms(self) -> tuple[Skip, ...]:
        """The skips of the others."""
        limited = self._limits_platforms
        return tuple(
            self.not_taken(f"*/{item.id}/*", item.id, limited=limited)
            for item in self.everywhere
            if not self._wants_platform(item.id)
        )

    @property
    def _limits_platforms(self) -> bool:
        return self.choice.limits(item.id for item in self.everywhere)

    def _wants_platform(self, identifier: str) -> bool:
        by_default = matches(identifier, self.suite.platforms)
        return self.choice.wants(identifier, limited=self._limits_platforms, by_default=by_default)

    @property
    def known_ids(self) -> list[str]:
        """Ids that --only and --skip may name, candidates apart."""
        kinds = (self.registry.tests(), self.registry.metrics(), self.registry.converters())
        return [*(identifier for kind in kinds for identifier in kind), *(item.id for item in self.everywhere)]

    def match(self, record: Record, framework: str | None = None) -> Accepted | Rejected:
        """Match a record against the subject and this machine."""
        return match(record, self.subject, self.host, framework=framework)

    def parameters(self, identifier: str, record: Record) -> Mapping[str, Any]:
        """Parameters of a record, checked."""
        suite = self.suite.parameters.get(identifier, {})
        return resolve_parameters(identifier, record, suite, self.options.settings)

    def not_taken(self, what: str, identifier: str, *, limited: bool) -> Skip:
        """The skip of something that is left out: by the command line where --only limits its sort, or by the suite."""
        if limited or matches(identifier, self.choice.skip):
            return Skip(what=what, code="not-asked", text="--only or --skip leaves it out")
        text = f"suite {self.suite.name} does not take it"
        return Skip(what=what, code="suite", text=text, hint="--suite full, or --only")


def rejected(what: str, verdict: Rejected) -> Skip:
    """The skip of something that does not apply."""
    codes = "+".join(dict.fromkeys(reason.code for reason in verdict.reasons))
    return Skip(what=what, code=codes, text=verdict.text, hint=verdict.hint)
