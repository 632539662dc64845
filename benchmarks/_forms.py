"""Every form that a label would offer of a model: the house's own inspection, plan and converters, in this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from carelabel.base.json_codec import to_json
from carelabel.errors import CareLabelError
from carelabel.inspection.inspect import backend_fields, subject_of, usable_backends
from carelabel.model.metadata import read_submission
from carelabel.options import RunOptions
from carelabel.plan import ORIGINAL
from carelabel.plan.build import build_plan
from carelabel.plan.suite import load_suite
from carelabel.process.environment import worker_environment
from carelabel.worker import converter as ops_convert
from carelabel.worker import inspector as ops_inspect
from carelabel.worker.time_spent import Spent

if TYPE_CHECKING:
    from carelabel.base.host import Host
    from carelabel.model.facts import Subject
    from carelabel.plan import Plan, PlannedCandidate, PlannedPlatform
    from carelabel.plugin.registry import Registry

TURNS = Path(__file__).with_name("_turns.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Forms:
    """A model in all its forms.

    Attributes:
        artefacts: Candidate id to its artefact as JSON.
        refused: Candidate id to why there is none.
    """

    subject: Subject
    plan: Plan
    artefacts: dict[str, Any]
    refused: dict[str, str]

    def request(self, platform: PlannedPlatform) -> dict[str, Any]:
        """What the process of a platform is asked: every form that runs there, with the backend that runs it."""
        return {
            "task": self.plan.task,
            "facts": to_json(self.subject.model),
            "data": self.subject.test.folder,
            "platform": to_json(platform),
            "candidates": [
                {"id": item.id, "backend": item.backend_entries[platform.id], "artefact": self.artefacts[item.id]}
                for item in self.plan.candidates
                if item.id in self.artefacts and platform.id in item.backend_entries
            ],
        }


def forms_of(registry: Registry, host: Host, model: Path, meta: Path) -> Forms:
    """Inspect a model and convert it to everything that suite engines takes, code apart: `trees.py` is about that."""
    skip = ("onnx.reference", "fastinference.if-else")
    options = RunOptions(
        model=model, meta=meta, suite="engines", only=("resources.latency",), skip=skip, trust_pickle=True
    )
    subject = _inspect(registry, host, options)
    plan = build_plan(registry, subject, host, load_suite(options.suite), options)
    source = {
        "path": str(model),
        "format": subject.model.format,
        "facts": to_json(subject.model),
        "input_type": to_json(subject.model.input_type),
    }
    forms = Forms(subject=subject, plan=plan, artefacts={ORIGINAL: source}, refused={})
    for candidate in plan.candidates[1:]:
        try:
            forms.artefacts[candidate.id] = _convert(forms, candidate, model.parent / candidate.id)
        except CareLabelError as error:
            forms.refused[candidate.id] = str(error)
    return forms


def _inspect(registry: Registry, host: Host, options: RunOptions) -> Subject:
    submission = read_submission(options.model, options.meta)
    backends, consent = usable_backends(submission, registry, host, trust_pickle=True, is_trusted=lambda _: False)
    answer = ops_inspect.operations(_here())["inspect"](
        {
            "submission": to_json(submission),
            "folder": str(options.model.parent / "data"),
            "backends": [backend_fields(name, record) for name, record in backends.items()],
        }
    )
    return subject_of(submission, consent, answer)


def _convert(forms: Forms, candidate: PlannedCandidate, out: Path) -> Any:  # noqa: ANN401 - JSON
    request = {
        "source": forms.artefacts[candidate.parent or ORIGINAL],
        "source_backend": forms.plan.candidates[0].backend_entry,
        "entry": candidate.entry,
        "target": candidate.format,
        "parameters": dict(candidate.parameters),
        "out": str(out),
        "data": {"test": forms.subject.test.folder},
        "threads": os.cpu_count() or 1,
        "seed": 0,
    }
    return ops_convert.operations(_here())["convert"](request)["artefact"]


def _here() -> Any:  # noqa: ANN401 - stands for a worker
    """This process as the worker that an operation is part of."""
    return SimpleNamespace(spent=Spent())


class Turns:
    """The process that times the forms on one platform: its environment and processors are a worker's."""

    def __init__(self, platform: PlannedPlatform) -> None:
        self._platform = platform
        self._process = subprocess.Popen(
            [sys.executable, str(TURNS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=worker_environment(platform, os.environ),
        )

    def take(self, forms: Forms, rounds: int) -> dict[str, Any]:
        """Candidate id to its parity and its times.

        Raises:
            RuntimeError: If the process has ended.
        """
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError(self._platform.id)
        process.stdin.write(json.dumps({**forms.request(self._platform), "rounds": rounds}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            msg = f"the process for {self._platform.id} ended with {process.wait()}"
            raise RuntimeError(msg)
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()
