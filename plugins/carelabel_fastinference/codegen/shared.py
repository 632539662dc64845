"""The `if-else` layout: one model as source, compiled into a shared library."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from carelabel_fastinference.build import BuildError, cache_folder, compile_failure, find_compiler, wanted_compiler
from carelabel_fastinference.codegen.project import header_source
from carelabel_fastinference.codegen.scorer import model_source
from carelabel_fastinference.ensemble import TreeEnsemble
from carelabel_fastinference.if_else import IfElseModel
from carelabel_fastinference.layouts import DEFAULT_BUDGET
from carelabel_fastinference.readers import read_ensemble

if TYPE_CHECKING:
    import os

FLAGS: Final = ("-std=c++17", "-O2", "-fPIC", "-shared", "-ffp-contract=off")
COMPILE_LIMIT: Final = 600
"""Seconds after which the compiler is taken to hang."""
_ENTRY: Final = """
extern "C" void carelabel_raw_scores(const model::Input* rows, std::size_t n_rows, model::Score* scores) {
    model::raw_scores(rows, n_rows, scores);
}
"""


def compile_if_else(
    model: object,
    *,
    budget: int = DEFAULT_BUDGET,
    integer: bool = False,
    cache: str | os.PathLike[str] | None = None,
) -> IfElseModel:
    """Generate and compile the code of a model, or load it if it has been compiled before.

    model: a trained model or a TreeEnsemble. budget: most inner nodes written as if-else; the others become a table.
    integer: compare integer keys instead of float32 values. cache: folder of compiled code; by default that of the
    kernel's builds.

    Raises:
        BuildError: if there is no compiler or it fails.
        UnsupportedModelError: if the model cannot be read.
        ValueError: if budget is negative, or integer does not fit the model.
    """
    ensemble = model if isinstance(model, TreeEnsemble) else read_ensemble(model)
    source = shared_source(ensemble, budget=budget, integer=integer)
    folder = Path(cache) if cache is not None else cache_folder()
    return IfElseModel(ensemble, compile_shared(source, folder))


def shared_source(ensemble: TreeEnsemble, *, budget: int = DEFAULT_BUDGET, integer: bool = False) -> str:
    """One translation unit that exports `void carelabel_raw_scores(const Input*, size_t, Score*)`.

    Input is float or double as `input_rounding` says, Score as `accumulate` says; rows and scores are C-ordered.

    Raises:
        ValueError: if budget is negative, or integer does not fit the ensemble.
    """
    header = header_source(ensemble).replace("#pragma once\n", "")
    body = model_source(ensemble, budget=budget, integer=integer).replace('#include "model.h"\n', "")
    return header + body + _ENTRY


def compile_shared(source: str, folder: Path) -> Path:
    """Shared library of a source in a folder of builds; compiled once for a source, CXX and machine.

    One that is there already needs no compiler.

    Raises:
        BuildError: if there is no compiler, it fails, or the folder cannot be written.
    """
    parts = (source, wanted_compiler(), *FLAGS, platform.machine())
    key = hashlib.sha256("\0".join(parts).encode())
    target = folder / f"if-else-{key.hexdigest()[:24]}.so"
    if target.exists():
        return target
    compiler = find_compiler()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as name:
            scratch = Path(name)
            (scratch / "model.cpp").write_text(source, encoding="utf-8")
            _compile(compiler, scratch / "model.cpp", scratch / "model.so")
            # Moved into place whole, so that processes that compile the same at once do not disturb each other.
            (scratch / "model.so").replace(target)
    except OSError as error:
        text = f"compiled code must be kept in {folder}, which cannot be written ({error.strerror})"
        raise BuildError(code="cache-unwritable", text=text, hint="set CARELABEL_HOME to a folder of yours") from None
    return target


def _compile(compiler: str, source: Path, target: Path) -> None:
    """Compile one file to a library."""
    try:
        done = subprocess.run(  # noqa: S603 - the user's compiler on our own source
            [compiler, *FLAGS, str(source), "-o", str(target)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=COMPILE_LIMIT,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _failure(compiler, f"error: {error}") from None
    if done.returncode != 0:
        raise _failure(compiler, done.stdout)


def _failure(compiler: str, said: str) -> BuildError:
    failure = compile_failure(compiler, said, what="if-else code")
    hint = "lower the budget, or set CXX to another compiler"
    return BuildError(code=failure.code, text=failure.text, hint=hint, output=said)
