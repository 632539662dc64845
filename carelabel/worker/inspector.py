"""The inspector: data are read and laid down, the model is loaded once, and the facts of both come back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from carelabel.base.json_codec import from_json, to_json
from carelabel.errors import LoadError
from carelabel.model.facts import ModelFacts, Submission
from carelabel.process.refusal import RefusalError
from carelabel.worker.entries import load_entry
from carelabel.worker.imports import imports_apart
from carelabel.worker.touched_files import TouchedFiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carelabel.data.facts import DataFacts
    from carelabel.data.rows import DataSet
    from carelabel.worker.main import Operation, Worker


def operations(worker: Worker) -> dict[str, Operation]:
    """Operations of the role by name."""
    return {"inspect": lambda request: _inspect(request, worker)}


def _inspect(request: Mapping[str, Any], worker: Worker) -> dict[str, Any]:
    touched = TouchedFiles(own=request["folder"])
    submission = from_json(Submission, request["submission"])
    with worker.spent.on("data"):
        from carelabel.data.rows import DataSet  # noqa: PLC0415 - brings numpy

        train, test = _lay_down(submission, Path(request["folder"]))
        data = DataSet.open(Path(test.folder))
    for backend in request["backends"]:
        facts = ask_backend(backend, submission.path, data, worker)
        if facts is not None:
            found = {"backend": backend["id"], "model": to_json(facts), "test": to_json(test), "train": to_json(train)}
            return {**found, "files": touched.stamps()}
    raise LoadError(*nobody_knows(submission.path, request["backends"]))


def _lay_down(submission: Submission, folder: Path) -> tuple[DataFacts | None, DataFacts]:
    """Training data first, so that the test data can be compared with them."""
    from carelabel.data.prepare import lay_down  # noqa: PLC0415 - brings numpy

    declared, task = submission.declared, submission.declared.task
    train = None
    if submission.train is not None:
        train = lay_down(submission.train, folder / "train", task=task, declared=declared, role="train")
    test = lay_down(submission.test, folder / "test", task=task, declared=declared, role="test", reference=train)
    return train, test


def nobody_knows(path: Path, backends: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Message and hint of the error when every backend has declined."""
    asked = ", ".join(backend["id"] for backend in backends)
    message = f"{path} must hold a model that one of {asked} can load, and none of them knows it"
    return message, "carelabel list-backends shows what can be loaded"


def ask_backend(backend: Mapping[str, Any], path: Path, data: DataSet, worker: Worker) -> ModelFacts | None:
    """Facts of a file by one backend, or None when it is not that one's."""
    with worker.spent.on("import"):
        make = load_entry(backend["entry"])
    with worker.spent.on("load"), imports_apart(worker.spent):
        facts: ModelFacts | None = make().inspect(path, data)
    if facts is not None:
        _check(facts, backend["id"])
    return facts


def _check(facts: object, backend: str) -> None:
    """Hold what a label says of every model."""
    if not isinstance(facts, ModelFacts):
        message = f"{backend} must give ModelFacts or None, got {type(facts).__name__}"
        raise RefusalError(code="wrong-type", message=message)
    for name in ("framework", "format", "family", "estimator", "task"):
        if not isinstance(getattr(facts, name), str):
            message = f"{backend}: the {name} of a model must be a word, got {getattr(facts, name)!r}"
            raise RefusalError(code="wrong-type", message=message)
    if not all(isinstance(text, str) for text in facts.warnings) or isinstance(facts.warnings, str):
        message = f"{backend}: warnings must be a tuple of lines, got {facts.warnings!r}"
        raise RefusalError(code="wrong-type", message=message)
