"""The inspector as the parent sees it: the model is loaded once, in a worker, and its facts come back."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from carelabel.errors import CareLabelError, ConsentError, LoadError, UsageError
from carelabel.jsonable import from_json, to_json
from carelabel.match import Rejected, match_packages
from carelabel.run.session import Session, WorkerError
from carelabel.subject import Consent, DataFacts, ModelFacts, Subject, Submission

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from carelabel.host import Host
    from carelabel.plugin.records import Backend
    from carelabel.plugin.registry import Registry
    from carelabel.run.account import Account

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
    """Load the model once in a worker and find out its facts.

    Args:
        is_trusted: Whether a sha256 is on the list of trusted files.

    Raises:
        ConsentError: If loading would run code and nobody has agreed to that.
        LoadError: If no backend loads the file, or the one that should cannot.
        UsageError: If data or metadata contradict the model.
    """
    backends = _possible(submission, registry)
    consent = _consent(submission, backends, trust_pickle=trust_pickle, is_trusted=is_trusted)
    usable = _installed(submission, backends, host)
    answer = _ask(submission, usable, home, account)
    model = from_json(ModelFacts, answer["model"])
    _check_declared(submission, model)
    test = from_json(DataFacts, answer["test"])
    train = from_json(DataFacts, answer["train"]) if answer["train"] else None
    return Subject(
        submission=submission,
        backend=answer["backend"],
        consent=consent,
        model=model,
        test=test,
        train=train,
        provides=_provides(model, test, train),
        warnings=(*model.warnings, *test.warnings, *(train.warnings if train else ())),
    )


def _possible(submission: Submission, registry: Registry) -> Mapping[str, Backend]:
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
    submission: Submission, backends: Mapping[str, Backend], *, trust_pickle: bool, is_trusted: Callable[[str], bool]
) -> Consent:
    if not any(item.executes_code for item in backends.values()):
        return "none-needed"
    if trust_pickle:
        return "flag"
    if is_trusted(submission.sha256):
        return "trusted-file"
    msg = f"{submission.path} is of a format that can run code when it is loaded, and nobody has agreed to that"
    raise ConsentError(msg, f"if you trust its origin: carelabel trust {submission.path}, or --trust-pickle")


def _installed(submission: Submission, backends: Mapping[str, Backend], host: Host) -> Mapping[str, Backend]:
    verdicts = {key: match_packages(item, host) for key, item in backends.items()}
    usable = {key: backends[key] for key, verdict in verdicts.items() if not isinstance(verdict, Rejected)}
    if not usable:
        rejected = next(verdict for verdict in verdicts.values() if isinstance(verdict, Rejected))
        msg = f"{submission.path} cannot be loaded: its backend {rejected.text}"
        raise LoadError(msg, rejected.hint)
    return usable


def _ask(submission: Submission, backends: Mapping[str, Backend], home: Path, account: Account) -> dict[str, Any]:
    folder = home / "cache" / "data" / _data_key(submission)
    log = home / "logs" / f"inspector-{time.time_ns()}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"CARELABEL_HOME must be a folder that can be written, got {home}: {error.strerror}"
        raise UsageError(msg, "set CARELABEL_HOME to another folder") from error
    with account.watch(Session.spawn("inspector", name="inspector", log=log, platform=None)) as session:
        fields = {
            "submission": to_json(submission),
            "folder": str(folder),
            "backends": [_backend(key, item) for key, item in backends.items()],
        }
        try:
            return session.ask("inspect", INSPECT_S, **fields)
        except WorkerError as error:
            raise _as_error(submission, error) from error


def _backend(identifier: str, record: Backend) -> dict[str, Any]:
    return {
        "id": identifier,
        "entry": record.entry,
        "formats": sorted(record.formats),
        "executes_code": record.executes_code,
    }


def _data_key(submission: Submission) -> str:
    """Data are laid down once for the same files and the same description of them."""
    parts = [submission.metadata_sha256, submission.test.sha256, submission.train.sha256 if submission.train else ""]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _as_error(submission: Submission, error: WorkerError) -> CareLabelError:
    kind = _EXITS.get(error.type)
    if kind is not None:
        return kind(error.reason.text, error.reason.hint)
    ended = {"crashed": "crashed", "timed_out": f"took longer than {INSPECT_S:g} s"}.get(error.status, "failed")
    msg = f"{submission.path} could not be loaded: the inspector {ended}: {error.reason.text}"
    return LoadError(msg, f"its log is {error.log}")


def _check_declared(submission: Submission, model: ModelFacts) -> None:
    declared = submission.declared
    for word, claimed, found in (
        ("task", declared.task, model.task),
        ("framework", declared.framework, model.framework),
        ("family", declared.family, model.family),
    ):
        if claimed is not None and found and claimed != found:
            msg = f"{submission.metadata_path}: {word} must be what the model is, {found}, got {claimed}"
            raise UsageError(msg, f"correct {word} or leave it out" if word != "task" else "correct it")


def _provides(model: ModelFacts, test: DataFacts, train: DataFacts | None) -> frozenset[str]:
    words = {
        "labels": bool(test.target),
        "train": train is not None,
        "probabilities": model.probabilities,
        "decision": model.decision,
        "groups": bool(test.sensitive),
    }
    return frozenset([word for word, there in words.items() if there]) | frozenset(model.provides)
