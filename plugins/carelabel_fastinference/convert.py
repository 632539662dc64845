"""The converters behind the records: read a tree model, write a file or a library, say how it is fed.

What is compiled is compiled here, so that a candidate's load is its load alone.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from carelabel import Artefact, CareLabelError
from carelabel.data.tables import table_of
from carelabel.errors import UnsupportedError, UsageError
from carelabel_fastinference.build import COMPILE_LIMIT, BuildError, build, cache_folder, is_built
from carelabel_fastinference.codegen import export_cpp
from carelabel_fastinference.codegen.shared import compile_shared, shared_source
from carelabel_fastinference.errors import UnsupportedModelError
from carelabel_fastinference.facts import counts_of
from carelabel_fastinference.inputs import input_type_of
from carelabel_fastinference.layouts import (
    IF_ELSE,
    IF_ELSE_INTEGER,
    LIBRARY,
    NATIVE,
    PACKED,
    RANKS,
    RULES,
    SUFFIX,
    UNSHARED,
)
from carelabel_fastinference.quantise import quantise_leaves, quantise_thresholds
from carelabel_fastinference.readers import read_ensemble
from carelabel_fastinference.rules import rules_alone
from carelabel_fastinference.store import read_model, write_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from carelabel import ConvertContext
    from carelabel.model.facts import InputType
    from carelabel_fastinference.ensemble import TreeEnsemble

_LOG = "compiler.log"


def native(artefact: Artefact, out: Path, context: ConvertContext, instructions: str = "auto") -> Artefact:
    """Write the nodes to a file; everything the packed kernel knows is used when it is loaded.

    Args:
        out: The folder to write into.
        instructions: Instruction set of the kernel, one of `layouts.INSTRUCTIONS`.

    Raises:
        CareLabelError: If the model cannot be read exactly, or the kernel cannot be compiled.
    """
    return _packed(artefact, out, context, NATIVE, instructions)


def native_unshared(artefact: Artefact, out: Path, context: ConvertContext, instructions: str = "auto") -> Artefact:
    """As `native`, without sharing of leaves."""
    return _packed(artefact, out, context, UNSHARED, instructions)


def native_ranks(artefact: Artefact, out: Path, context: ConvertContext, instructions: str = "auto") -> Artefact:
    """As `native`, with thresholds replaced by their ranks."""
    return _packed(artefact, out, context, RANKS, instructions)


def if_else(artefact: Artefact, out: Path, context: ConvertContext, budget: int) -> Artefact:
    """Generate code of the model and compile it to a library.

    Args:
        out: The folder to write into.
        budget: Most inner nodes written as if-else.

    Raises:
        CareLabelError: If the model cannot be read exactly, or its code cannot be compiled.
    """
    return _compiled(artefact, out, context, IF_ELSE, budget)


def if_else_integer(artefact: Artefact, out: Path, context: ConvertContext, budget: int) -> Artefact:
    """As `if_else`, comparing integer keys of float32 inputs."""
    return _compiled(artefact, out, context, IF_ELSE_INTEGER, budget)


def leaves_8bit(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Round leaf values to 256 levels."""
    return _rounded(artefact, out, context, quantise_leaves(read_model(artefact.path), 8))


def leaves_16bit(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Round leaf values to 65536 levels."""
    return _rounded(artefact, out, context, quantise_leaves(read_model(artefact.path), 16))


def thresholds_8bit(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Round the thresholds of each feature to 256 levels."""
    return _rounded(artefact, out, context, quantise_thresholds(read_model(artefact.path), 8))


def thresholds_16bit(artefact: Artefact, out: Path, context: ConvertContext) -> Artefact:
    """Round the thresholds of each feature to 65536 levels."""
    return _rounded(artefact, out, context, quantise_thresholds(read_model(artefact.path), 16))


def cpp(  # noqa: PLR0913 - the contract's three, and four parameters
    artefact: Artefact,
    out: Path,
    context: ConvertContext,
    *,
    budget: int,
    integer: bool,
    checks: int,
    name: str,
) -> Artefact:
    """Write stand-alone source: header, implementation, CMake file and a main that checks itself.

    Args:
        out: The folder to write into.
        budget: Most inner nodes written as if-else.
        integer: Whether integer keys are compared instead of float32 values.
        checks: Number of probing rows that main predicts, beside as many of the test set where there is one.
        name: Of the files, the library and the namespace.

    Raises:
        CareLabelError: If the model cannot be read exactly, or a parameter does not fit it.
    """
    ensemble, source = read(artefact, context)
    rows = context.test.rows[:checks]
    sample = table_of(rows, input_type_of(ensemble, source)) if len(rows) else None
    with explained(context):
        export_cpp(ensemble, out, sample, budget=budget, integer=integer, n_probes=checks, name=name)
    return Artefact(path=out, format="cpp", facts=artefact.facts)


def _packed(artefact: Artefact, out: Path, context: ConvertContext, target: str, instructions: str) -> Artefact:
    ensemble, source = read(artefact, context)
    path = out / f"model{SUFFIX}"
    with explained(context):
        write_model(ensemble, path)
        seconds = _build_kernel()
    return Artefact(
        path=path,
        format=target,
        facts=artefact.facts,
        input_type=input_type_of(ensemble, source),
        parameters={"instructions": instructions, "parameter_counts": counts_of(ensemble)},
        compile_s=seconds,
    )


def _rounded(artefact: Artefact, out: Path, context: ConvertContext, ensemble: TreeEnsemble) -> Artefact:
    path = out / f"model{SUFFIX}"
    with explained(context):
        write_model(ensemble, path)
    counted = {**artefact.parameters, "parameter_counts": counts_of(ensemble)}
    return replace(artefact, path=path, format=NATIVE, parameters=counted, compile_s=None)


def _compiled(artefact: Artefact, out: Path, context: ConvertContext, target: str, budget: int) -> Artefact:
    ensemble, source = read(artefact, context)
    with explained(context):
        text = shared_source(ensemble, budget=budget, integer=target == IF_ELSE_INTEGER)
        begin = time.perf_counter()
        library = compile_shared(text, context.scratch)
        seconds = time.perf_counter() - begin
        made = compiled_folder(out, ensemble, library)
    return Artefact(
        path=made,
        format=target,
        facts=artefact.facts,
        input_type=input_type_of(ensemble, source),
        parameters={"budget": budget, "parameter_counts": counts_of(ensemble)},
        compile_s=seconds,
    )


def compiled_folder(out: Path, ensemble: TreeEnsemble, library: Path) -> Path:
    """The folder of a compiled model: its library, moved there, and the rules around it."""
    folder = out / "model"
    folder.mkdir()
    write_model(rules_alone(ensemble), folder / RULES)
    library.rename(folder / LIBRARY)
    return folder


def read(artefact: Artefact, context: ConvertContext) -> tuple[TreeEnsemble, InputType]:
    """The ensemble of the source, and the input type of its predictor."""
    with explained(context):
        if artefact.format in PACKED:
            return read_model(artefact.path), artefact.input_type or artefact.facts.input_type
        predictor = context.load()
        model: Any = predictor.native
        # A fitted search predicts with its best estimator.
        ensemble = read_ensemble(getattr(model, "best_estimator_", model))
        return _with_classes(ensemble, artefact.facts.classes), predictor.input_type


def _with_classes(ensemble: TreeEnsemble, classes: tuple[Any, ...]) -> TreeEnsemble:
    """Classes by the names that the facts know them by: some formats only count them."""
    if ensemble.outputs is None or len(ensemble.outputs) != 1 or len(ensemble.outputs[0]) != len(classes):
        return ensemble
    if ensemble.outputs[0].tolist() == list(classes):
        return ensemble
    return replace(ensemble, outputs=(np.asarray(classes),))


def _build_kernel() -> float:
    """Seconds that compiling the kernel took, 0.0 where this machine has it already.

    Conversions run at the same time: the first one compiles, the others wait for it.
    """
    if is_built():
        return 0.0
    folder = cache_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / "build.lock", timeout=COMPILE_LIMIT)
        with lock:
            begin = time.perf_counter()
            compiled = not is_built()
            build()
            return time.perf_counter() - begin if compiled else 0.0
    except (OSError, filelock.Timeout) as error:
        text = f"the tree kernel must be kept in {folder}, which cannot be used ({error})"
        raise BuildError(code="cache-unwritable", text=text, hint="set CARELABEL_HOME to a folder of yours") from error


@contextmanager
def explained(context: ConvertContext) -> Iterator[None]:
    """Turn the expected errors of the engine into those of the house; what a compiler said is kept in a file."""
    try:
        yield
    except BuildError as error:
        said = ""
        if error.output:
            log = context.scratch / _LOG
            log.write_text(error.output, encoding="utf-8")
            said = f"; all it said is in {log}"
        msg = f"{error.text}{said}"
        raise CareLabelError(msg, error.hint) from error
    except UnsupportedModelError as error:
        raise UnsupportedError(str(error)) from error
    except ValueError as error:
        raise UsageError(str(error)) from error
