"""The inspector as the parent sees it: the model is loaded once, in a worker, and its facts come back."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from carelabel.base.home import Home
from carelabel.base.json_codec import from_json, to_json
from carelabel.cache.facts import KnownFacts
from carelabel.data.facts import DataFacts
from carelabel.errors import CareLabelError, ConsentError, LoadError, UsageError
from carelabel.inspection.data_check import check_data
from carelabel.model.facts import Consent, ModelFacts, ModelFile, Subject, Submission
from carelabel.plan.match import Rejected, match_packages
from carelabel.process.worker_handle import Session, WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from carelabel.base.host import Host
    from carelabel.plugin.records import Backend
    from carelabel.plugin.registry import Registry
    from carelabel.process.time_accounting import Account

INSPECT_S = 900.0
_EXITS = {"LoadError": LoadError, "UsageError": UsageError, "ConsentError": ConsentError}


def inspect_submission(  # noqa: PLR0913 - what is inspected, where, and who has agreed
    submission: Submission,
    registry: Registry,
    host: Host,
    *,
    home: Path,
    account: Account,
    trust_pickle: bool,
    is_trusted: Callable[[str], bool],
) -> Subject:
    """Load the model once in a worker and find out its facts, or take them over from an earlier inspection of the same.

    Args:
        is_trusted: Whether a sha256 is on the list of trusted files.

    Raises:
        ConsentError: If loading would run code and nobody has agreed to that.
        LoadError: If no backend loads the file, or the one that should cannot.
        UsageError: If data or metadata contradict the model.
    """
    usable, consent = usable_backends(submission, registry, host, trust_pickle=trust_pickle, is_trusted=is_trusted)
    known = KnownFacts(home, submission, _fields_of(usable))
    recalled = _recalled(known, submission, consent, usable)
    if recalled is not None:
        return recalled
    log = inspector_log(home)
    with account.watch(start_worker("inspector", log, submission.path)) as session:
        answer = ask_facts(session, submission, usable, home)
    subject = _checked(submission, _of_a_backend(subject_of(submission, consent, answer), usable))
    kept = {name: answer[name] for name in ("backend", "model", "test", "train")}
    known.keep(kept, answer.get("files"), _data_folder(submission, home))
    return subject


def _recalled(
    known: KnownFacts, submission: Submission, consent: Consent, usable: Mapping[str, Backend]
) -> Subject | None:
    answer = known.read()
    if answer is None:
        return None
    try:
        subject = _of_a_backend(subject_of(submission, consent, answer), usable)
    except LoadError:  # an entry that holds something else counts as none
        return None
    return replace(_checked(submission, subject), recalled=True)


def _of_a_backend(subject: Subject, usable: Mapping[str, Backend]) -> Subject:
    if subject.backend not in usable:
        who, path = subject.backend, subject.submission.path
        msg = f"{path} could not be loaded: the backend that knows it must be one that was asked, got {who!r}"
        raise LoadError(msg, "a model that writes to files it has not opened does this")
    return subject


def _checked(submission: Submission, subject: Subject) -> Subject:
    check_declared(submission, subject.model)
    check_data(submission, subject.model, subject.test, subject.train)
    return subject


def subject_of(submission: Submission, consent: Consent, answer: Mapping[str, Any]) -> Subject:
    """A subject from what the op ``inspect`` has answered.

    Raises:
        LoadError: If these are no facts: a model can write on the inspector's pipe.
    """
    try:
        model, test = from_json(ModelFacts, answer["model"]), from_json(DataFacts, answer["test"])
        train = from_json(DataFacts, answer["train"]) if answer["train"] else None
        return Subject(
            submission=submission,
            backend=answer["backend"],
            consent=consent,
            model=model,
            test=test,
            train=train,
            provides=provided(model, test, train),
            warnings=(*model.warnings, *test.warnings, *(train.warnings if train else ())),
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        msg = f"{submission.path} could not be loaded: what the inspector answered must be facts, found: {error}"
        raise LoadError(msg, "a model that writes to files it has not opened does this") from error


def usable_backends(
    model: Submission | ModelFile,
    registry: Registry,
    host: Host,
    *,
    trust_pickle: bool,
    is_trusted: Callable[[str], bool],
) -> tuple[Mapping[str, Backend], Consent]:
    """Backends that may load a file, by id, and how it was agreed to that.

    Raises:
        ConsentError: As `inspect_submission`.
        LoadError: If no installed backend can.
    """
    backends = _possible(model, registry)
    consent = _consent(model, backends, trust_pickle=trust_pickle, is_trusted=is_trusted)
    return _installed(model, backends, host), consent


def _possible(submission: Submission | ModelFile, registry: Registry) -> Mapping[str, Backend]:
    """Backends whose suffix fits; failing that, those whose first bytes do."""
    name = submission.path.name.lower()
    everything = registry.backends()
    by_suffix = {key: item for key, item in everything.items() if name.endswith(item.suffixes)}
    by_magic = {key: item for key, item in everything.items() if item.magic and submission.head.startswith(item.magic)}
    found = by_suffix or by_magic
    if not found:
        suffixes = sorted({suffix for item in everything.values() for suffix in item.suffixes})
        known = ", ".join(suffixes) or "no backend is installed"
        msg = f"{submission.path} must be a model file of a known format ({known})"
        raise LoadError(msg, "carelabel list-backends shows what can be loaded")
    return found


def _consent(
    submission: Submission | ModelFile,
    backends: Mapping[str, Backend],
    *,
    trust_pickle: bool,
    is_trusted: Callable[[str], bool],
) -> Consent:
    if not any(item.executes_code for item in backends.values()):
        return "none-needed"
    if trust_pickle:
        return "flag"
    if is_trusted(submission.sha256):
        return "trusted-file"
    msg = f"{submission.path} is of a format that can run code when it is loaded, and nobody has agreed to that"
    raise ConsentError(msg, f"if you trust its origin: carelabel trust {submission.path}, or --trust-pickle")


def _installed(
    submission: Submission | ModelFile, backends: Mapping[str, Backend], host: Host
) -> Mapping[str, Backend]:
    verdicts = {key: match_packages(item, host) for key, item in backends.items()}
    usable = {key: backends[key] for key, verdict in verdicts.items() if not isinstance(verdict, Rejected)}
    if not usable:
        rejected = next(verdict for verdict in verdicts.values() if isinstance(verdict, Rejected))
        msg = f"{submission.path} cannot be loaded: its backend {rejected.text}"
        raise LoadError(msg, rejected.hint)
    return usable


def inspector_log(home: Path) -> Path:
    """A new log file.

    Raises:
        UsageError: If CARELABEL_HOME cannot be written.
    """
    log = home / "logs" / f"inspector-{time.time_ns()}.log"
    _make(log.parent, home)
    return log


def start_worker(role: str, log: Path, model: Path) -> Session:
    """A worker that will look at a model file.

    Raises:
        CareLabelError: If the system cannot start another process.
    """
    try:
        return Session.spawn(role, name=role, log=log)
    except WorkerError as error:
        raise as_error(model, error) from error


def ask_facts(session: Session, submission: Submission, backends: Mapping[str, Backend], home: Path) -> dict[str, Any]:
    """Let a worker read the data and load the model once.

    Raises:
        CareLabelError: As `inspect_submission`.
    """
    folder = _data_folder(submission, home)
    _make(folder, home)
    fields = {
        "submission": to_json(submission),
        "folder": str(folder),
        "backends": _fields_of(backends),
    }
    try:
        return session.ask("inspect", INSPECT_S, **fields)
    except WorkerError as error:
        raise as_error(submission.path, error) from error


def _make(folder: Path, home: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"CARELABEL_HOME must be a folder that can be written, got {home}: {error.strerror}"
        raise UsageError(msg, "set CARELABEL_HOME to another folder") from error


def backend_fields(identifier: str, record: Backend) -> dict[str, Any]:
    """A backend as requests name it."""
    return {
        "id": identifier,
        "entry": record.entry,
        "formats": sorted(record.formats),
        "executes_code": record.executes_code,
    }


def _fields_of(backends: Mapping[str, Backend]) -> list[dict[str, Any]]:
    return [backend_fields(key, item) for key, item in backends.items()]


def _data_folder(submission: Submission, home: Path) -> Path:
    """Data are laid down once for the same files and the same description of them."""
    parts = [submission.metadata_sha256, submission.test.sha256, submission.train.sha256 if submission.train else ""]
    return Home(root=home).data / hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def as_error(path: Path, error: WorkerError) -> CareLabelError:
    """The error of a worker that could not load a model."""
    kind = _EXITS.get(error.type)
    if kind is not None:
        return kind(error.reason.text, error.reason.hint)
    ended = {"crashed": "crashed", "timed_out": f"took longer than {INSPECT_S:g} s"}.get(error.status, "failed")
    msg = f"{path} could not be loaded: the inspector {ended}: {error.reason.text}"
    return LoadError(msg, f"its log is {error.log}")


def check_declared(submission: Submission, model: ModelFacts) -> None:
    """Hold that the metadata claims nothing else than what the model is.

    Raises:
        UsageError: If it does.
    """
    declared = submission.declared
    for word, claimed, found in (
        ("task", declared.task, model.task),
        ("framework", declared.framework, model.framework),
        ("family", declared.family, model.family),
    ):
        if claimed is not None and found and claimed != found:
            msg = f"{submission.metadata_path}: {word} must be what the model is, {found}, got {claimed}"
            raise UsageError(msg, f"correct {word} or leave it out" if word != "task" else "correct it")


def provided(model: ModelFacts, test: DataFacts | None, train: DataFacts | None) -> frozenset[str]:
    """Words that records may need, of model and data."""
    words = {
        "labels": test is not None and bool(test.target),
        "train": train is not None,
        "probabilities": model.probabilities,
        "decision": model.decision,
        "groups": test is not None and bool(test.sensitive),
    }
    return frozenset([word for word, there in words.items() if there]) | frozenset(model.provides)
