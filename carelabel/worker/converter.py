"""The converter: the source is loaded through its backend, and one conversion is done in a process of its own."""

from __future__ import annotations

import hashlib
import math
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carelabel.base import linux
from carelabel.base.json_codec import from_json, to_json
from carelabel.plugin.interfaces import Artefact, ConvertContext, PlatformSpec
from carelabel.process.refusal import RefusalError
from carelabel.worker.entries import load_entry
from carelabel.worker.imports import imports_apart
from carelabel.worker.lazy_data import lazy_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carelabel.data.rows import DataSet
    from carelabel.plugin.interfaces import Predictor
    from carelabel.worker.main import Operation, Worker

_CHUNK: Final = 1 << 20


def operations(worker: Worker) -> dict[str, Operation]:
    """Operations of the role by name."""
    return {"convert": lambda request: _convert(request, worker)}


def _convert(request: Mapping[str, Any], worker: Worker) -> dict[str, Any]:
    if request.get("memory_bytes"):
        linux.cap_memory_growth(int(request["memory_bytes"]))
    random.seed(request["seed"])
    source, out = from_json(Artefact, request["source"]), Path(request["out"])
    out.mkdir(parents=True, exist_ok=True)
    with worker.spent.on("import"):
        convert = load_entry(request["entry"])
    loading = _Loading(request, source, worker)
    begin = time.perf_counter()
    with worker.spent.on("convert"), imports_apart(worker.spent):
        artefact = convert(source, out, _context(request, loading, worker), **request["parameters"])
    seconds = time.perf_counter() - begin - loading.seconds
    _check(artefact, out, request.get("target"))
    sha256, size = hash_path(artefact.path)
    return {
        "artefact": to_json(artefact),
        "convert_s": seconds,
        "load_s": loading.seconds,
        "sha256": sha256,
        "bytes": size,
    }


class _Loading:
    """Loads the source when the converter asks for it; the time is not the conversion's."""

    def __init__(self, request: Mapping[str, Any], source: Artefact, worker: Worker) -> None:
        self._entry: str = request["source_backend"]
        self._threads: int = request["threads"]
        self._source = source
        self._worker = worker
        self.seconds = 0.0

    def __call__(self) -> Predictor:
        begin = time.perf_counter()
        platform = PlatformSpec(id="convert", tags=("cpu",), threads=self._threads)
        with self._worker.spent.on("import"):
            make = load_entry(self._entry)
        with self._worker.spent.on("load"), imports_apart(self._worker.spent):
            predictor: Predictor = make().load(self._source, platform)
        self.seconds += time.perf_counter() - begin
        return predictor


def _context(request: Mapping[str, Any], loading: _Loading, worker: Worker) -> ConvertContext:
    scratch = Path(request.get("scratch") or f"{request['out']}.scratch")
    scratch.mkdir(parents=True, exist_ok=True)
    test = lazy_data(request["data"]["test"], worker.spent)
    return ConvertContext(
        load=loading,
        test=_no_data() if test is None else test,
        train=lazy_data(request["data"].get("train"), worker.spent),
        scratch=scratch,
        threads=request["threads"],
        seed=request["seed"],
    )


def _no_data() -> DataSet:
    from carelabel.data.rows import DataSet  # noqa: PLC0415 - brings numpy

    return DataSet.empty()


def _check(artefact: object, out: Path, target: str | None) -> None:
    """Hold that a converter gave what its record says."""
    if not isinstance(artefact, Artefact):
        raise RefusalError(
            code="wrong-type", message=f"a converter must give an Artefact, got {type(artefact).__name__}"
        )
    if target is not None and artefact.format != target:
        raise RefusalError(
            code="wrong-format", message=f"the converter must write the format {target}, got {artefact.format}"
        )
    for what, good in _types(artefact):
        if not good:
            raise RefusalError(code="wrong-type", message=f"of an Artefact {what}, got {artefact!r:.300}")
    if not artefact.path.exists():
        raise RefusalError(
            code="no-artefact", message=f"the converter must write its artefact, but there is no {artefact.path}"
        )
    if not artefact.path.resolve().is_relative_to(out.resolve()):
        raise RefusalError(
            code="no-artefact", message=f"the converter must write its artefact below {out}, got {artefact.path}"
        )


def _types(artefact: Artefact) -> Iterator[tuple[str, bool]]:
    """What must hold, and whether it does: all of this stands on the label."""
    seconds, parameters = artefact.compile_s, artefact.parameters
    plain = isinstance(seconds, int | float) and math.isfinite(seconds) and seconds >= 0
    mapping = isinstance(parameters, Mapping)
    yield "the path must be a Path", isinstance(artefact.path, Path)
    yield "compile_s must be seconds or None", seconds is None or plain
    yield "parameters must be a mapping by words", mapping and all(isinstance(name, str) for name in parameters)
    yield "the parameter note must be text", not mapping or isinstance(parameters.get("note"), str | None)


def hash_path(path: Path) -> tuple[str, int]:
    """sha256 and bytes of a file, or of all files of a folder with their relative names, read in chunks of 1 MiB."""
    if path.is_file():
        return _hash_file(path)
    digest, size = hashlib.sha256(), 0
    for item in sorted(item for item in path.rglob("*") if item.is_file()):
        sha256, count = _hash_file(item)
        digest.update(f"{item.relative_to(path).as_posix()}\0{sha256}\n".encode())
        size += count
    return digest.hexdigest(), size


def _hash_file(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
