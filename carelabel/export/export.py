"""A model written for another place: found through the records of kind ``export``, done by a worker."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from carelabel.base.json_codec import from_json, to_json
from carelabel.data.facts import DataFacts
from carelabel.errors import CareLabelError, IncompleteError, LoadError, UsageError
from carelabel.inspection.inspect import (
    INSPECT_S,
    as_error,
    ask_facts,
    backend_fields,
    check_declared,
    inspector_log,
    provided,
    start_worker,
    usable_backends,
)
from carelabel.model.facts import ModelFacts, ModelFile, Submission
from carelabel.plan import EXPORT
from carelabel.plan.match import Rejected, match_model
from carelabel.plan.selection import refuse_unknown_settings, resolve_parameters
from carelabel.plugin.interfaces import Artefact
from carelabel.process.worker_handle import Session, WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from carelabel.base.host import Host
    from carelabel.options import Setting
    from carelabel.plugin.records import Backend, Converter
    from carelabel.plugin.registry import Registry

_KINDS: Final[Mapping[str, type[CareLabelError]]] = MappingProxyType({"LoadError": LoadError, "UsageError": UsageError})
"""Errors of a worker that say what is wrong with what was given to it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """What is to be exported.

    Attributes:
        model: With metadata a submission, whose rows the exporter gets; a model file alone otherwise.
        to: Slug of the exporter.
        folder: Where to write; it must not exist, or be empty.
        settings: Parameters of exporters.
    """

    model: Submission | ModelFile
    to: str
    folder: Path
    settings: Sequence[Setting] = ()
    seed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """What was written: by which converter, and the files in `folder`, relative to it and sorted."""

    converter: str
    folder: Path
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Looked:
    """What a worker found out about the model."""

    facts: ModelFacts
    backend: str
    test: DataFacts | None
    train: DataFacts | None


def export_model(  # noqa: PLR0913 - what is exported, where, and who has agreed
    export: Export,
    registry: Registry,
    host: Host,
    *,
    home: Path,
    trust_pickle: bool,
    is_trusted: Callable[[str], bool],
) -> Exported:
    """Load a model in a worker and write it for another place.

    Raises:
        CareLabelError: If no exporter of that name applies, the folder is taken, or what `inspect_submission` raises.
    """
    exporters = _exporters(registry, export.to)
    refuse_unknown_settings(export.settings, exporters)
    _check_folder(export.folder)
    usable, _ = usable_backends(export.model, registry, host, trust_pickle=trust_pickle, is_trusted=is_trusted)
    log = inspector_log(home)
    with start_worker("exporter", log, export.model.path) as session:
        looked = _look(session, export.model, usable, home)
        identifier = _choose(exporters, looked, host, export.to)
        source = _source(export.model, looked, usable[looked.backend])
        _convert(session, export, identifier, exporters[identifier], source)
    files = sorted(path for path in export.folder.rglob("*") if path.is_file())
    names = tuple(path.relative_to(export.folder).as_posix() for path in files)
    return Exported(converter=identifier, folder=export.folder, files=names)


def _exporters(registry: Registry, to: str) -> Mapping[str, Converter]:
    known = {key: item for key, item in registry.converters().items() if item.conversion == EXPORT}
    found = {key: item for key, item in known.items() if item.slug == to}
    if not found:
        words = ", ".join(sorted({item.slug for item in known.values()})) or "none is installed"
        msg = f"--to must be what an installed exporter writes ({words}), got {to!r}"
        raise UsageError(msg, "carelabel list-converters shows those of kind export")
    return found


def _check_folder(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        msg = f"the output {folder} must be a new or empty folder, but something is there already"
        raise UsageError(msg, "name another with -o, or move it away")


def _look(session: Session, model: Submission | ModelFile, usable: Mapping[str, Backend], home: Path) -> _Looked:
    if isinstance(model, Submission):
        answer = ask_facts(session, model, usable, home)
    else:
        backends = [backend_fields(key, item) for key, item in usable.items()]
        try:
            answer = session.ask("look", INSPECT_S, path=str(model.path), backends=backends)
        except WorkerError as error:
            raise as_error(model.path, error) from error
    test, train = (from_json(DataFacts, answer[name]) if answer[name] else None for name in ("test", "train"))
    looked = _Looked(facts=from_json(ModelFacts, answer["model"]), backend=answer["backend"], test=test, train=train)
    if isinstance(model, Submission):
        check_declared(model, looked.facts)
    return looked


def _choose(exporters: Mapping[str, Converter], looked: _Looked, host: Host, to: str) -> str:
    """The first exporter that applies."""
    facts, reasons, hints = looked.facts, [], []
    provides = provided(facts, looked.test, looked.train)
    for identifier, record in exporters.items():
        verdict = match_model(record, facts, provides, host)
        if facts.format not in record.source:
            reasons.append(f"{identifier} takes {', '.join(sorted(record.source))}, this is {facts.format}")
        elif isinstance(verdict, Rejected):
            reasons.append(f"{identifier} {verdict.text}")
            hints.append(verdict.hint)
        else:
            return identifier
    msg = f"the model must be one that can be exported to {to}; {'; '.join(reasons)}"
    raise UsageError(msg, "; ".join(hint for hint in hints if hint))


def _source(model: Submission | ModelFile, looked: _Looked, backend: Backend) -> dict[str, Any]:
    """The model and its data as the request names them."""
    source = Artefact(
        path=model.path, format=looked.facts.format, facts=looked.facts, input_type=looked.facts.input_type
    )
    return {
        "source": to_json(source),
        "source_backend": backend.entry,
        "data": {
            "test": looked.test.folder if looked.test else None,
            "train": looked.train.folder if looked.train else None,
        },
    }


def _convert(session: Session, export: Export, identifier: str, record: Converter, source: Mapping[str, Any]) -> None:
    """Convert into a folder beside the wanted one, which takes its place when it is complete."""
    folder = export.folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
            out = Path(beside) / "out"
            parameters = resolve_parameters(identifier, record, {}, export.settings)
            fields = {
                "entry": record.entry,
                "target": record.target,
                "parameters": parameters,
                "out": str(out),
                "scratch": str(Path(beside) / "scratch"),
                "threads": 1,
                "seed": export.seed,
            }
            session.ask("convert", record.timeout_s, **source, **fields)
            out.replace(folder)
    except WorkerError as error:
        msg = f"the export to {export.to} {error.status.replace('_', ' ')}: {error.reason.text}"
        raise _KINDS.get(error.type, IncompleteError)(msg, error.reason.hint) from error
    except OSError as error:
        msg = f"the output {folder} must be writable, but: {error.strerror or error}"
        raise UsageError(msg, "name another with -o") from error
