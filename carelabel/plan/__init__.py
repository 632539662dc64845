"""The plan: `build_plan` makes it, the records say what is in it."""

from carelabel.plan.records import (
    EXPORT,
    ORIGINAL,
    REFERENCE,
    Cell,
    Plan,
    PlannedCandidate,
    PlannedPlatform,
    PlannedTest,
    Skip,
    plan_sha256,
)

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
