"""Subject, plan and outcomes in, the label out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel import __version__
from carelabel.base.json_codec import encodable_document, to_json
from carelabel.label.crossover import crossover
from carelabel.label.digits import OF_VALUE, rounded, rounded_outwards
from carelabel.label.rating import rate
from carelabel.label.schema import SCHEMA_VERSION, Label
from carelabel.label.skips import fold_skips
from carelabel.plan import plan_sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carelabel.base.host import Host
    from carelabel.data.facts import DataFacts
    from carelabel.label.scale import Scale
    from carelabel.model.facts import Subject
    from carelabel.options import RunOptions
    from carelabel.plan import Plan, PlannedCandidate, PlannedPlatform
    from carelabel.plan.outcomes import Built, Outcome, Outcomes
    from carelabel.plugin.registry import Registry

    Json = dict[str, Any]


def assemble(  # noqa: PLR0913, PLR0917 - the label is about all of these
    registry: Registry,
    subject: Subject,
    host: Host,
    plan: Plan,
    outcomes: Outcomes,
    options: RunOptions,
    scale: Scale,
) -> Label:
    """Write the label of a run.

    Every planned cell has exactly one outcome on it; what was not planned is under ``skipped``.
    """
    sha256 = plan_sha256(plan)
    created = dt.datetime.now(tz=dt.UTC)
    content = {
        "schema": SCHEMA_VERSION,
        "id": f"{created:%Y%m%dT%H%M%S}-{created.microsecond // 1000:03d}-{sha256[:8]}",
        "created": created.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "tool": {"name": "carelabel", "version": __version__},
        "subject": _subject(subject),
        "data": {"test": _data(subject.test), "train": _data(subject.train) if subject.train else None},
        "environment": _environment(subject, host, plan, outcomes),
        "platforms": [_platform(item, plan, outcomes) for item in plan.platforms],
        "candidates": [_candidate(plan, item, outcomes) for item in plan.candidates],
        "quantities": _quantities(plan),
        "measurements": [row for outcome in outcomes.cells for row in _measurements(plan, outcomes, outcome)],
        "outcomes": [_outcome(outcome) for outcome in outcomes.cells],
        "skipped": [to_json(item) for item in fold_skips(plan.skipped)],
        "problems": _problems(registry, subject, outcomes),
        "accounting": dict(outcomes.accounting),
        "reproduce": {
            "argv": [word for word in options.argv if word != "--resume"],  # which goes on with one run alone
            "seed": plan.seed,
            "plan_sha256": sha256,
            "inputs": dict(plan.inputs),
            "versions": dict(plan.versions),
            "suite": plan.suite,
            "run": Path(outcomes.folder).name,
        },
    }
    content["ratings"], content["compound"] = rounded(list(rate(content, scale)))
    content["crossover"] = rounded(crossover(content))
    return Label.model_validate(encodable_document(content))


def _subject(subject: Subject) -> Json:
    submission, model = subject.submission, subject.model
    return {
        "name": submission.declared.name,
        "sha256": submission.sha256,
        "bytes": submission.bytes,
        "format": model.format,
        "framework": model.framework,
        "family": model.family,
        "task": subject.task,
        "estimator": model.estimator,
        "facts": to_json(model),
        "consent": subject.consent,
        "warnings": list(subject.warnings),
    }


def _data(facts: DataFacts) -> Json:
    left_out = {"folder", "container", "dtypes", "columns", "warnings"}
    return {name: value for name, value in to_json(facts).items() if name not in left_out}


def _environment(subject: Subject, host: Host, plan: Plan, outcomes: Outcomes) -> Json:
    return {
        "python": host.python,
        "platform": host.platform,
        "processor": host.processor,
        "processors": len(host.processors),
        "gpus": list(host.gpus),
        "memory_bytes": host.memory_bytes,
        "packages": dict(plan.versions),
        "isolation": host.isolation,
        "lock": outcomes.environment["lock"],
        "resumed": outcomes.environment["resumed"],
        "recalled": subject.recalled,
    }


def _platform(platform: PlannedPlatform, plan: Plan, outcomes: Outcomes) -> Json:
    return {
        "id": platform.id,
        "tags": list(platform.tags),
        "threads": platform.threads,
        "pin": platform.pin,
        "sensors": [_sensor(meter, outcomes) for meter in plan.meters],
    }


def _sensor(meter: Mapping[str, str], outcomes: Outcomes) -> Json:
    """A meter with its grade and counters, or with the reason why it has none here."""
    answer = next((item for item in outcomes.sensors if item["id"] == meter["id"]), {})
    if "sensors" in answer:
        return {"id": meter["id"], "grade": meter["grade"], "reason": None, "counters": list(answer["sensors"])}
    text = answer.get("text", "the meter gave no answer")
    reason = {"code": answer.get("code", "no-answer"), "text": text, "hint": answer.get("hint", "")}
    return {"id": meter["id"], "grade": None, "reason": reason, "counters": []}


def _candidate(plan: Plan, candidate: PlannedCandidate, outcomes: Outcomes) -> Json:
    built: Built = next(item for item in outcomes.built if item.candidate == candidate.id)
    notes = outcomes.environment.get("notes", {}).get(candidate.id, {})
    return {
        "id": candidate.id,
        "parent": candidate.parent,
        "converter": candidate.converter,
        "parameters": to_json(candidate.parameters),
        "format": candidate.format,
        "backend": candidate.backend,
        "lossless": candidate.lossless,
        "tolerance": candidate.tolerance,
        "status": built.status,
        "reason": to_json(built.reason),
        "sha256": built.sha256,
        "bytes": built.bytes,
        "convert_s": built.convert_s,
        "compile_s": built.compile_s,
        "cached": built.cached,
        "parity": to_json(built.parity),
        "answers_on": next((item.id for item in plan.platforms if item.id in candidate.backends), None),
        "parity_on": to_json(built.parity_on),
        "notes": {**to_json(built.notes), **to_json(notes)},
    }


def _quantities(plan: Plan) -> Json:
    used = {cell.test for cell in plan.cells}
    return {
        f"{test.id}.{quantity['name']}": quantity["meaning"]
        for test in plan.tests
        if test.id in used
        for quantity in test.quantities
    }


def _measurements(plan: Plan, outcomes: Outcomes, outcome: Outcome) -> list[Json]:
    declared = {quantity["name"]: quantity for quantity in plan.test(outcome.test).quantities}
    built = next((item for item in outcomes.built if item.candidate == outcome.candidate), None)
    differs = built is not None and built.status == "failed" and built.parity is not None
    return [measurement_row(outcome, row, declared, differs=differs) for row in outcome.measurements]


def measurement_row(
    outcome: Outcome, row: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]], *, differs: bool
) -> Json:
    """One figure of an outcome as the label has it.

    Args:
        declared: Quantities of the test by name.
        differs: Whether the candidate is not the same model.
    """
    quantity = declared[row["quantity"]]
    flags = [*row.get("flags", ()), *(["not-the-same-model"] if differs else ())]
    return {
        "candidate": outcome.candidate,
        "platform": outcome.platform,
        "test": outcome.test,
        **{name: value for name, value in row.items() if name not in {"flags", "at"}},
        "value": rounded(row["value"], OF_VALUE),
        "interval": rounded_outwards(row.get("interval")),
        "detail": rounded(row.get("detail")),
        "at": dict(sorted(row.get("at", {}).items())),
        "unit": quantity["unit"],
        "better": quantity["better"],
        "group": quantity["group"],
        "flags": flags,
        "samples": outcome.samples,
    }


def _outcome(outcome: Outcome) -> Json:
    fields = ("candidate", "platform", "test", "status", "reason", "seconds", "log")
    return {name: to_json(getattr(outcome, name)) for name in fields}


def _problems(registry: Registry, subject: Subject, outcomes: Outcomes) -> list[Json]:
    found = [to_json(problem) for problem in registry.problems]
    found += [{"source": "model or data", "code": "warning", "text": text} for text in subject.warnings]
    for candidate, notes in outcomes.environment.get("notes", {}).items():
        found += [{"source": candidate, "code": name, "text": _noticed(name, value)} for name, value in notes.items()]
    return found


def _noticed(name: str, value: Any) -> str:  # noqa: ANN401 - a JSON value of an answer
    """What was noticed while a candidate predicted, in words."""
    if name == "nondeterministic":
        return (
            f"answers change between calls: {value['changed']} of {value['rows']} rows, {value['repeat']} in the same "
            f"batch and {value['split']} when the rows are split in another way"
        )
    if name == "nan":
        return "answers hold NaN: " + ", ".join(f"{count} rows of {part}" for part, count in value.items())
    if name == "improper":
        return f"probabilities must lie between 0 and 1: {value} rows have others"
    return f"{name}: {value}"
