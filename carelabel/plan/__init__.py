"""The plan: `build_plan` makes it, the records say what is in it."""

from carelabel.plan.records import (
    EXPORT,
    Cell,
    Plan,
    PlannedCandidate,
    PlannedPlatform,
    PlannedTest,
    Skip,
    plan_sha256,
)
from carelabel.plugin.records import ORIGINAL, REFERENCE

__all__ = [
    "EXPORT",
    "ORIGINAL",
    "REFERENCE",
    "Cell",
    "Plan",
    "PlannedCandidate",
    "PlannedPlatform",
    "PlannedTest",
    "Skip",
    "plan_sha256",
]
